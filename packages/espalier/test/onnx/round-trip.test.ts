import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../src/engine/node.ts";
import type { NumericType } from "../../src/onnx/dtype.ts";
import { emptyModel } from "../../src/onnx/graph.ts";
import {
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
  AttributeProto_AttributeType as Type,
} from "../../src/onnx/onnx_pb.ts";
import { readModel } from "../../src/onnx/read.ts";
import { float32, type NumericTensor } from "../../src/onnx/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";

const again = (proto: ModelProto) =>
  fromBinary(ModelProtoSchema, writeModel(readModel(toBinary(ModelProtoSchema, proto))));

/** A file that uses most of what the format has. */
function richModel(): ModelProto {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const shape = (...dims: (number | string)[]) => ({
    dim: dims.map((dim) => ({
      value:
        typeof dim === "number"
          ? { case: "dimValue" as const, value: BigInt(dim) }
          : { case: "dimParam" as const, value: dim },
    })),
  });
  const value = (name: string, ...dims: (number | string)[]) => ({
    name,
    docString: bytes(`about ${name}`),
    type: { value: { case: "tensorType" as const, value: { elemType: 1, shape: shape(...dims) } } },
  });
  const branch = (name: string) => ({
    name,
    node: [{ input: ["x"], output: [`${name}_y`], opType: "Neg" }],
    output: [value(`${name}_y`, "n", 2)],
  });
  const model = create(ModelProtoSchema, {
    irVersion: 3n,
    producerName: "another exporter",
    producerVersion: "1.2",
    domain: "org.example",
    modelVersion: 7n,
    docString: bytes("the model"),
    opsetImport: [
      { domain: "", version: 9n },
      { domain: "com.example", version: 2n },
    ],
    metadataProps: [{ key: "classes", value: "zero,one" }],
    functions: [
      {
        name: "Twice",
        domain: "com.example",
        input: ["a"],
        output: ["b"],
        node: [{ opType: "Add", input: ["a", "a"], output: ["b"] }],
        opsetImport: [{ domain: "", version: 9n }],
      },
    ],
    graph: {
      name: "main",
      docString: bytes("the graph"),
      node: [
        {
          name: "first",
          docString: bytes("the node"),
          domain: "com.example",
          opType: "Twice",
          input: ["x", "", "w"],
          output: ["t"],
          metadataProps: [{ key: "layer", value: "1" }],
          attribute: [
            { name: "i", type: Type.INT, i: -3n },
            { name: "end", type: Type.INT, i: 2n ** 63n - 1n },
            { name: "seed", type: Type.INT, i: 2n ** 60n + 1n },
            { name: "f", type: Type.FLOAT, f: 0.5 },
            { name: "s", type: Type.STRING, s: bytes("text"), docString: bytes("why") },
            { name: "is", type: Type.INTS, ints: [1n, -(2n ** 63n)] },
            { name: "fs", type: Type.FLOATS, floats: [1, 2] },
            { name: "ss", type: Type.STRINGS, strings: [bytes("a"), bytes("b")] },
            { name: "t", type: Type.TENSOR, t: { dims: [1n], dataType: 1, rawData: new Uint8Array(4), name: "inner" } },
            { name: "tp", type: Type.TYPE_PROTO, tp: { denotation: "d" } },
            { name: "ref", refAttrName: "outer", type: Type.INT },
          ],
        },
        {
          opType: "If",
          input: ["c"],
          output: ["y"],
          attribute: [
            { name: "then_branch", type: Type.GRAPH, g: branch("then") },
            { name: "else_branch", type: Type.GRAPH, g: branch("else") },
          ],
        },
      ],
      input: [value("x", "n", 2), value("c"), value("w", 2)],
      output: [value("y", "n", 2)],
      valueInfo: [value("t", "n", 2)],
      initializer: [{ name: "w", dims: [2n], dataType: 1, floatData: [1, 2], docString: bytes("weights") }],
      quantizationAnnotation: [{ tensorName: "t", quantParameterTensorNames: [{ key: "SCALE_TENSOR", value: "w" }] }],
      metadataProps: [{ key: "graph", value: "g" }],
    },
  });
  model.$unknown = [{ no: 99, wireType: 0, data: Uint8Array.of(5) }];
  return model;
}

/** Documentation of attributes, subgraph values aside, is for readers of the file; the runtime sees none of it. */
function withoutDocs(model: ModelProto): ModelProto {
  for (const node of model.graph?.node ?? [])
    for (const attribute of node.attribute) attribute.docString = new Uint8Array(0);
  for (const tensor of model.graph?.initializer ?? []) {
    tensor.docString = new Uint8Array(0);
    // Typed fields come back as raw bytes.
    if (tensor.floatData.length) tensor.rawData = new Uint8Array(Float32Array.from(tensor.floatData).buffer);
    tensor.floatData = [];
  }
  const inner = model.graph?.node[0].attribute.find(({ name }) => name === "t")?.t;
  if (inner) inner.name = "";
  return model;
}

describe("reading and writing", () => {
  it("gives back everything that the runtime sees, and what it does not know", () => {
    expect(again(richModel())).toEqual(withoutDocs(richModel()));
  });

  it("is stable: writing what was written gives the same bytes", () => {
    const once = writeModel(readModel(toBinary(ModelProtoSchema, richModel())));
    expect(writeModel(readModel(once))).toEqual(once);
  });

  const typed: readonly [dtype: NumericType, fields: object, expected: (number | bigint)[]][] = [
    ["float32", { dataType: 1, floatData: [1.5, -2] }, [1.5, -2]],
    ["uint8", { dataType: 2, int32Data: [1, 255] }, [1, 255]],
    ["int8", { dataType: 3, int32Data: [1, -128] }, [1, -128]],
    ["uint16", { dataType: 4, int32Data: [1, 65535] }, [1, 65535]],
    ["int16", { dataType: 5, int32Data: [1, -32768] }, [1, -32768]],
    ["int32", { dataType: 6, int32Data: [1, -5] }, [1, -5]],
    ["int64", { dataType: 7, int64Data: [1n, -(2n ** 62n)] }, [1n, -(2n ** 62n)]],
    ["bool", { dataType: 9, int32Data: [1, 0] }, [1, 0]],
    ["float16", { dataType: 10, int32Data: [0x3c00, 0xc000] }, [0x3c00, 0xc000]],
    ["float64", { dataType: 11, doubleData: [1.5, -2] }, [1.5, -2]],
    ["uint32", { dataType: 12, uint64Data: [1n, 2n ** 32n - 1n] }, [1, 2 ** 32 - 1]],
    ["uint64", { dataType: 13, uint64Data: [1n, 2n ** 64n - 1n] }, [1n, 2n ** 64n - 1n]],
    ["bfloat16", { dataType: 16, int32Data: [0x3f80, 0xc000] }, [0x3f80, 0xc000]],
  ];
  it.each(typed)("reads %s from its typed field, and from raw bytes when written again", (dtype, fields, expected) => {
    const tensor = create(TensorProtoSchema, { name: "t", dims: [2n], ...fields });
    const proto = create(ModelProtoSchema, { irVersion: 8n, graph: { initializer: [tensor] } });
    const model = readModel(toBinary(ModelProtoSchema, proto));
    for (const read of [model, readModel(writeModel(model))]) {
      const found = read.initializers.get("t");
      expect(found?.dtype).toBe(dtype);
      expect(Array.from(found?.data as ArrayLike<number>)).toEqual(expected);
    }
  });

  it("keeps random tensors bit for bit", () => {
    const numbers = fc.oneof(
      fc
        .float32Array({ maxLength: 40 })
        .map((data): NumericTensor => ({ dtype: "float32", dims: [data.length], data })),
      fc
        .float64Array({ maxLength: 40 })
        .map((data): NumericTensor => ({ dtype: "float64", dims: [1, data.length], data })),
      fc
        .bigInt64Array({ maxLength: 40 })
        .map((data): NumericTensor => ({ dtype: "int64", dims: [data.length, 1], data })),
      fc.uint8Array({ maxLength: 40 }).map((data): NumericTensor => ({ dtype: "uint8", dims: [data.length], data })),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), numbers, { maxKeys: 4 }), (tensors) => {
        const model = emptyModel("tensors");
        for (const [name, tensor] of Object.entries(tensors)) model.initializers.set(name, tensor);
        const read = readModel(writeModel(model));
        expect(Object.fromEntries(read.initializers)).toEqual(tensors);
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  it("looks at aligned weights where they lie in the file", () => {
    const model = emptyModel("views");
    model.initializers.set("w", float32([1000]));
    const written = writeModel(model);
    // Wherever the weights landed, one of four shifts of the file aligns them.
    const shared = [0, 1, 2, 3].some((shift) => {
      const moved = new Uint8Array(written.length + 4);
      moved.set(written, shift);
      const bytes = moved.subarray(shift, shift + written.length);
      const data = readModel(bytes).initializers.get("w")?.data;
      return data instanceof Float32Array && data.buffer === moved.buffer;
    });
    expect(shared).toBe(true);
  });

  it("gives what ONNX Runtime runs", async () => {
    const proto = create(ModelProtoSchema, {
      irVersion: 3n,
      opsetImport: [{ version: 7n }],
      graph: {
        name: "old",
        node: [create(NodeProtoSchema, { opType: "Add", input: ["x", "w"], output: ["y"] })],
        input: ["x", "w"].map((name) => ({
          name,
          type: {
            value: {
              case: "tensorType" as const,
              value: { elemType: 1, shape: { dim: [{ value: { case: "dimValue" as const, value: 2n } }] } },
            },
          },
        })),
        output: [{ name: "y", type: { value: { case: "tensorType" as const, value: { elemType: 1 } } } }],
        initializer: [{ name: "w", dims: [2n], dataType: 1, floatData: [10, 20] }],
      },
    });
    const program = await nodeEngine().compile(readModel(toBinary(ModelProtoSchema, proto)));
    const { y } = await program.run({ x: float32([2], Float32Array.of(1, 2)) });
    await program.release();
    expect([...y.data]).toEqual([11, 22]);
  });
});
