import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { UserError } from "../../espalier/src/errors.ts";
import { type Attributes, float, int, ints, string } from "../../espalier/src/onnx/attributes.ts";
import { GraphBuilder } from "../../espalier/src/onnx/builder.ts";
import { emptyModel, type Value } from "../../espalier/src/onnx/graph.ts";
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from "../../espalier/src/onnx/onnx_pb.ts";
import { float32, sizeOf } from "../../espalier/src/onnx/tensor.ts";
import { writeModel } from "../../espalier/src/onnx/write.ts";
import { UnsupportedError } from "../src/errors.ts";
import type { NetworkOptions } from "../src/network/network.ts";
import { Network } from "../src/network/network.ts";

const x: Value = { name: "x", dtype: "float32", shape: ["n", 4] };

/** The bytes of a model whose output is what `build` gives. */
function bytesOf(build: (graph: GraphBuilder) => string, inputs: readonly Value[] = [x], set = 21): Uint8Array {
  const model = emptyModel("test");
  model.opsets.set("", set);
  model.inputs.push(...inputs);
  model.outputs.push({ name: build(new GraphBuilder(model)), dtype: "float32" });
  return writeModel(model);
}

const over = (op: string, attributes: Attributes, inputs = ["x"], set?: number) =>
  bytesOf((graph) => graph.emit(op, inputs, attributes), [x], set);

describe("before anything is computed, a network is refused", () => {
  it.each<[string, Uint8Array, RegExp]>([
    ["for an attribute that is not read", over("Relu", { alpha: float(1) }), /Relu .*attribute alpha.*not read/],
    [
      "for an attribute of another kind",
      over("Softmax", { axis: float(1) }),
      /attribute axis that is not of the type int/,
    ],
    ["for a word that is not known", over("Gelu", { approximate: string("best") }), /"best".*none, tanh/],
    ["for an input that is not read", over("Relu", {}, ["x", "x"]), /more inputs than are read/],
    ["for an operator set that is not known", over("Relu", {}, ["x"], 99), /operator set 99.* newest/],
    ["for an operator set before it", over("Erf", {}, ["x"], 8), /as operator set 8 defines it/],
    [
      "for an output that is not computed",
      bytesOf((graph) => graph.emitMany("Dropout", ["x"], {}, 2)[0], [x], 7),
      /more outputs than are computed/,
    ],
    [
      "for an operator of another domain",
      bytesOf((graph) => {
        graph.model.nodes.push({ name: "a", op: "Relu", domain: "own", inputs: ["x"], outputs: ["y"], attributes: {} });
        return "y";
      }),
      /no operator own\.Relu/,
    ],
    [
      "for an element type that is not taken",
      bytesOf((graph) => graph.emit("Softmax", ["x"]), [{ name: "x", dtype: "int64", shape: ["n"] }]),
      /Softmax .*input x of int64/,
    ],
  ])("%s", async (_, bytes, message) => {
    await expect(Network.load(bytes)).rejects.toThrow(UnsupportedError);
    await expect(Network.load(bytes)).rejects.toThrow(message);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["where an input comes from nowhere", over("Relu", {}, ["missing"]), /reads "missing", which nothing/],
    ["where an input is left out", over("Add", {}, ["x"]), /lacks its input b/],
    ["where there are no inputs of any number", over("Min", {}, []), /lacks its input data/],
    ["where nothing is joined", over("Concat", { axis: int(0) }, []), /lacks its input parts/],
    ["where the output comes from nowhere", bytesOf(() => "missing"), /output is "missing"/],
  ])("%s, as damaged", async (_, bytes, message) => {
    await expect(Network.load(bytes)).rejects.toThrow(UserError);
    await expect(Network.load(bytes)).rejects.toThrow(message);
  });
});

describe("an input that is read as one number is refused where it has", () => {
  const whole = (graph: GraphBuilder, dims: readonly number[]) =>
    graph.initializer("one", { dtype: "int64", dims, data: new BigInt64Array(sizeOf(dims)).fill(1n) });
  const flag = (graph: GraphBuilder, dims: readonly number[]) =>
    graph.initializer("one", { dtype: "bool", dims, data: new Uint8Array(sizeOf(dims)).fill(1) });
  const number = (graph: GraphBuilder, dims: readonly number[], value = 1) =>
    graph.initializer("one", { dtype: "float32", dims, data: new Float32Array(sizeOf(dims)).fill(value) });
  const other = (graph: GraphBuilder) => graph.initializer("other", float32([1], Float32Array.of(3)));
  const boxes = (graph: GraphBuilder) => [
    graph.initializer("boxes", float32([1, 2, 4])),
    graph.initializer("scores", float32([1, 1, 2])),
  ];
  /** A graph whose one output is a condition, or what a condition chooses. */
  const bodyOf = (inputs: readonly Value[], build: (graph: GraphBuilder) => string): Attributes[string] => {
    const body = emptyModel("body");
    body.inputs.push(...inputs);
    body.outputs.push({ name: build(new GraphBuilder(body, "body/")) });
    return { kind: "graph", value: body };
  };
  const branch = bodyOf([], (graph) => graph.emit("Relu", ["x"]));
  const round: Value[] = [
    { name: "i", dtype: "int64", shape: [] },
    { name: "on", dtype: "bool", shape: [] },
  ];
  const body = bodyOf([...round, { ...x, name: "state" }], (graph) => graph.emit("Identity", ["on"]));
  if (body.kind === "graph") body.value.outputs.push({ name: "state" });

  const reading: Record<string, (graph: GraphBuilder, dims: readonly number[]) => string> = {
    k: (graph, dims) => graph.emitMany("TopK", ["x", whole(graph, dims)], {}, 2)[0],
    depth: (graph, dims) =>
      graph.emit("OneHot", ["x", whole(graph, dims), graph.initializer("values", float32([2], Float32Array.of(0, 1)))]),
    "k of a triangle": (graph, dims) => graph.emit("Trilu", ["x", whole(graph, dims)]),
    axis: (graph, dims) => graph.emit("CumSum", ["x", whole(graph, dims)]),
    start: (graph, dims) => graph.emit("Range", [number(graph, dims), other(graph), other(graph)]),
    limit: (graph, dims) => graph.emit("Range", [other(graph), number(graph, dims), other(graph)]),
    delta: (graph, dims) => graph.emit("Range", [other(graph), other(graph), number(graph, dims)]),
    training_mode: (graph, dims) => graph.emit("Dropout", ["x", "", flag(graph, dims)]),
    constant_value: (graph, dims) => {
      const pads = graph.initializer("pads", { dtype: "int64", dims: [4], data: BigInt64Array.of(0n, 1n, 0n, 1n) });
      return graph.emit("Pad", ["x", pads, number(graph, dims)]);
    },
    max_output_boxes_per_class: (graph, dims) => graph.emit("NonMaxSuppression", [...boxes(graph), whole(graph, dims)]),
    iou_threshold: (graph, dims) => graph.emit("NonMaxSuppression", [...boxes(graph), "", number(graph, dims)]),
    score_threshold: (graph, dims) => graph.emit("NonMaxSuppression", [...boxes(graph), "", "", number(graph, dims)]),
    cond: (graph, dims) => graph.emit("If", [flag(graph, dims)], { then_branch: branch, else_branch: branch }),
    trips: (graph, dims) => graph.emit("Loop", [whole(graph, dims), "", "x"], { body }),
    "cond of a loop": (graph, dims) => graph.emit("Loop", ["", flag(graph, dims), "x"], { body }),
    "its body's condition": (graph, dims) => {
      const turned = bodyOf([...round, { ...x, name: "state" }], () => "one");
      if (turned.kind === "graph") turned.value.outputs.push({ name: "state" });
      flag(graph, dims);
      return graph.emit("Loop", ["", "", "x"], { body: turned });
    },
  };

  it.each(Object.entries(reading).flatMap(([name, build]) => [0, 2].map((count) => ({ name, build, count }))))(
    "$count elements: $name",
    async ({ name, build, count }) => {
      const bytes = bytesOf((graph) => build(graph, [count]));
      const run = async () => (await Network.load(bytes)).run({ x: { dims: [2, 4], data: new Float32Array(8) } });
      await expect(run()).rejects.toThrow(UserError);
      const [input] = name.split(" of a ");
      await expect(run()).rejects.toThrow(`reads one element of ${input}, which has the shape [${count}]: feed`);
    },
  );

  it("0 elements: the value of ConstantOfShape", async () => {
    const value = { kind: "tensor", value: float32([0]) } as const;
    const bytes = bytesOf((graph) => graph.emit("ConstantOfShape", [whole(graph, [2])], { value }));
    const run = async () => (await Network.load(bytes)).run({ x: { dims: [2, 4], data: new Float32Array(8) } });
    await expect(run()).rejects.toThrow(/fills with a value of \[0\]/);
  });
});

it.each<[string, unknown]>([
  ["Null", null],
  ["Undefined", undefined],
  ["String", "model.onnx"],
  ["Float32Array", new Float32Array(4)],
  ["Array", [8, 7]],
])("bytes are no %s", async (name, given) => {
  const load = (): Promise<Network> => Reflect.apply(Network.load, Network, [given]);
  await expect(load()).rejects.toThrow(UserError);
  await expect(load()).rejects.toThrow(new RegExp(`from ${name}: give the bytes`));
});

describe("what is fed", () => {
  const tokens: Value = { name: "x", dtype: "int64", shape: ["n"] };
  const embedding = bytesOf((graph) => graph.emit("Gather", [graph.initializer("w", float32([3, 2])), "x"]), [tokens]);

  it("may be 64-bit whole numbers, or the same in floats", async () => {
    const network = await Network.load(embedding);
    for (const data of [BigInt64Array.of(2n, -1n), Float32Array.of(2, -1)]) {
      expect(network.run({ x: { dims: [2], data } })[network.outputs[0]].dims).toEqual([2, 2]);
    }
  });

  it.each([
    ["a fractional index", { dims: [1], data: Float32Array.of(0.5) }, /not whole.*BigInt64Array/],
    ["32-bit numbers for 64-bit ones", { dims: [1], data: Int32Array.of(1) }, /Int32Array.*BigInt64Array/],
    ["another rank", { dims: [1, 1], data: BigInt64Array.of(1n) }, /fed \[1,1\]: feed \[any\]/],
    ["an index of no row", { dims: [1], data: BigInt64Array.of(3n) }, /no row 3 of 3/],
  ])("is refused: %s", async (_, feed, message) => {
    const network = await Network.load(embedding);
    expect(() => network.run({ x: feed })).toThrow(UserError);
    expect(() => network.run({ x: feed })).toThrow(message);
  });

  it.each<[string, unknown]>([
    ["without a shape", { data: BigInt64Array.of(1n) }],
    ["without numbers", { dims: [1] }],
    ["as numbers alone", BigInt64Array.of(1n)],
    ["as null", null],
    ["as bytes that are no array", { dims: [8], data: new DataView(new ArrayBuffer(8)) }],
  ])("is refused %s", async (_, feed) => {
    const network = await Network.load(embedding);
    const run = (): unknown => Reflect.apply(network.run, network, [{ x: feed }]);
    expect(run).toThrow(UserError);
    expect(run).toThrow(/"x" is (missing|fed what is not a tensor: feed a tensor \{ dims, data \})/);
  });

  it.each<[string, unknown]>([
    ["a word", "x"],
    ["null", null],
    ["undefined", undefined],
    ["a list", [1n]],
    ["numbers without a shape", { data: BigInt64Array.of(1n) }],
  ])("is not fixed to %s", async (_, value) => {
    const load = (): Promise<Network> => Reflect.apply(Network.load, Network, [embedding, { fixed: { x: value } }]);
    await expect(load()).rejects.toThrow(UserError);
    await expect(load()).rejects.toThrow(/"x" cannot be fixed to this value: give a number/);
  });

  it.each<[string, readonly unknown[], RegExp]>([
    ["nothing", [], /An object is missing: feed x by name, each as a tensor \{ dims, data \}/],
    ["numbers alone", [Float32Array.of(1)], /An object is missing: feed x/],
    ["a tensor without a name", [{ dims: [1], data: BigInt64Array.of(1n) }], /does not take "dims".*: feed x/],
    ["arrays for what is no output", [{}, { z: new Float32Array(2) }], /no output "z" .*: give arrays by the names/],
    ["null for arrays", [{}, null], /An object is missing: give arrays by the names of outputs/],
  ])("is not %s", async (_, given, message) => {
    const network = await Network.load(embedding);
    const run = (): unknown => Reflect.apply(network.run, network, given);
    expect(run).toThrow(UserError);
    expect(run).toThrow(message);
  });

  it.each<[string, unknown, RegExp]>([
    ["a misspelled name", { thread: 2 }, /no option "thread": give options by their names, of fixed, kernels, threads/],
    ["null", null, /An object is missing: give options/],
    ["a number of fixed inputs", { fixed: 5 }, /An object is missing: give values by the names of inputs, of x/],
  ])("comes with options that are not %s", async (_, options, message) => {
    const load = (): Promise<Network> => Reflect.apply(Network.load, Network, [embedding, options]);
    await expect(load()).rejects.toThrow(UserError);
    await expect(load()).rejects.toThrow(message);
  });

  it("may have any name but one, and so may what comes out", async () => {
    const named = (name: string) => {
      const model = emptyModel("names");
      model.inputs = [{ name, dtype: "float32", shape: [1] }];
      model.outputs = [{ name: "valueOf", dtype: "float32", shape: [1] }];
      model.nodes = [{ name, op: "Neg", domain: "", inputs: [name], outputs: ["valueOf"], attributes: {} }];
      return writeModel(model);
    };
    for (const name of ["constructor", "toString", "hasOwnProperty"]) {
      const network = await Network.load(named(name));
      expect(() => network.run({})).toThrow(`The input "${name}" is missing`);
      expect(network.run({ [name]: { dims: [1], data: Float32Array.of(3) } }).valueOf).toMatchObject({
        data: Float32Array.of(-3),
      });
    }
    await expect(Network.load(named("__proto__"))).rejects.toThrow(/called "__proto__".*: rename it/);
  });

  it("must have the channels of a convolution, and the shape that the model states", async () => {
    const image: Value = { name: "x", dtype: "float32", shape: ["n", "channels", 3, 3] };
    const bytes = bytesOf((graph) => graph.emit("Conv", ["x", graph.initializer("w", float32([1, 2, 1, 1]))]), [image]);
    const network = await Network.load(bytes);
    const run = (dims: number[]) => network.run({ x: { dims, data: new Float32Array(dims.reduce((a, b) => a * b)) } });
    expect(run([1, 2, 3, 3])[network.outputs[0]].dims).toEqual([1, 1, 3, 3]);
    expect(() => run([1, 3, 3, 3])).toThrow(UserError);
    expect(() => run([1, 3, 3, 3])).toThrow(/for 3 channels/);
    expect(() => run([1, 2, 3, 4])).toThrow(/feed \[any,any,3,3\]/);
  });

  it("may be fixed when the network is loaded", async () => {
    const inputs = [x, { name: "y", dtype: "float32" as const, shape: [] }];
    const bytes = bytesOf((graph) => graph.emit("Add", ["x", "y"]), inputs);
    const network = await Network.load(bytes, { fixed: { y: 2 } });
    expect(network.inputs).toEqual(["x"]);
    const into = { [network.outputs[0]]: new Float32Array(4) };
    const found = network.run({ x: { dims: [1, 4], data: Float32Array.of(1, 2, 3, 4) } }, into);
    expect(found[network.outputs[0]].data).toBe(into[network.outputs[0]]);
    expect([...into[network.outputs[0]]]).toEqual([3, 4, 5, 6]);
    const short = { [network.outputs[0]]: new Float32Array(3) };
    expect(() => network.run({ x: { dims: [1, 4], data: new Float32Array(4) } }, short)).toThrow(/4 float32/);
    await expect(Network.load(bytes, { fixed: { z: 2 } })).rejects.toThrow(/no input "z" to fix/);
    await expect(Network.load(bytes, { fixed: { x: 2 } })).rejects.toThrow(/"x" has a length that is open/);
  });
});

describe("a tensor in a file", () => {
  const count = 300_000;
  const stored = (fields: MessageInitShape<typeof TensorProtoSchema>) =>
    toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, {
        opsetImport: [create(OperatorSetIdProtoSchema, { version: 21n })],
        graph: create(GraphProtoSchema, {
          node: [create(NodeProtoSchema, { opType: "Identity", input: ["w"], output: ["y"] })],
          initializer: [create(TensorProtoSchema, { name: "w", dims: [BigInt(count)], ...fields })],
          output: [create(ValueInfoProtoSchema, { name: "y" })],
        }),
      }),
    );
  const numbers = Array.from({ length: count }, (_, i) => i % 100);

  it.each([
    ["float32", { dataType: 1, floatData: numbers }],
    ["int64", { dataType: 7, int64Data: numbers.map(BigInt) }],
    ["int32", { dataType: 6, int32Data: numbers }],
    ["uint8", { dataType: 2, int32Data: numbers }],
  ])("may be a long list of numbers: %s", async (type, fields) => {
    const { y } = (await Network.load(stored(fields))).run({});
    expect(y.type).toBe(type);
    expect(Array.from<number | bigint, number>(y.data, Number)).toEqual(numbers);
  });

  it("keeps the largest whole numbers as they are", async () => {
    const largest = 2n ** 63n - 1n;
    const { y } = (await Network.load(stored({ dataType: 7, dims: [1n], int64Data: [largest] }))).run({});
    expect([...y.data]).toEqual([largest]);
  });

  it("is not called damaged when it lies in another file", async () => {
    const external = stored({ dataType: 1, dataLocation: 1 });
    await expect(Network.load(external)).rejects.toThrow(UnsupportedError);
    await expect(Network.load(external)).rejects.toThrow(/"w" lies in another file/);
  });

  it("is damaged when it has more elements than its shape, or fewer", async () => {
    for (const dims of [[2n], [BigInt(count + 1)]]) {
      await expect(Network.load(stored({ dataType: 1, dims, floatData: numbers }))).rejects.toThrow(/is damaged/);
    }
  });
});

describe("threads", () => {
  const bytes = over("Relu", {});

  it.each([0, 2.5, -1, Number.NaN, 1e9])("cannot be %d", async (threads) => {
    await expect(Network.load(bytes, { threads })).rejects.toThrow(UserError);
  });

  it("are one where a worker does not start", async () => {
    const { getBuiltinModule } = process;
    const failing: NetworkOptions = { threads: 2 };
    process.getBuiltinModule = ((name: string) => {
      const real = getBuiltinModule(name);
      if (name !== "node:worker_threads") return real;
      return {
        Worker: class {
          constructor() {
            throw new Error("A policy forbids it.");
          }
        },
      };
    }) as typeof getBuiltinModule;
    try {
      expect((await Network.load(bytes, failing)).threads).toBe(1);
    } finally {
      process.getBuiltinModule = getBuiltinModule;
    }
  });

  it.each([1, 2])("run no more after a release: %d", async (threads) => {
    const network = await Network.load(bytes, { threads });
    network.release();
    expect(() => network.run({ x: { dims: [1, 4], data: new Float32Array(4) } })).toThrow(/was released/);
  });
});

it("numbers on which a shape depends are planned for, again when they change", async () => {
  const inputs: Value[] = [x, { name: "shape", dtype: "int64", shape: [2] }];
  const network = await Network.load(
    bytesOf((graph) => graph.emit("Relu", [graph.emit("Reshape", ["x", "shape"])]), inputs),
  );
  const data = Float32Array.of(1, -2, 3, -4);
  for (const shape of [
    [2n, 2n],
    [-1n, 1n],
    [2n, 2n],
  ]) {
    const found = network.run({
      x: { dims: [1, 4], data },
      shape: { dims: [2], data: BigInt64Array.from(shape) },
    })[network.outputs[0]];
    expect(found.dims).toEqual(shape[0] === 2n ? [2, 2] : [4, 1]);
    expect([...found.data]).toEqual([1, 0, 3, 0]);
  }
  expect(() =>
    network.run({ x: { dims: [1, 4], data }, shape: { dims: [2], data: BigInt64Array.of(3n, 1n) } }),
  ).toThrow(/another number of elements/);
});

describe("a file of a few bytes that asks for more memory than there is, is refused before it is taken:", () => {
  const long = (...sizes: number[]) => ({
    dtype: "int64" as const,
    dims: [sizes.length],
    data: BigInt64Array.from(sizes, BigInt),
  });
  const lines = (graph: GraphBuilder) => graph.initializer("lines", float32([2, 2]));
  const image: Value = { name: "x", dtype: "float32", shape: [1, 1, 4, 4] };

  it.each<[string, Uint8Array]>([
    ["an input", bytesOf((graph) => graph.emit("Relu", ["x"]), [{ ...x, shape: [2 ** 20, 2 ** 22] }])],
    ["a pad", bytesOf((graph) => graph.emit("Pad", [lines(graph), graph.initializer("pads", long(0, 0, 0, 2 ** 44))]))],
    ["a tile", bytesOf((graph) => graph.emit("Tile", [lines(graph), graph.initializer("times", long(1, 2 ** 30))]))],
    [
      "a constant",
      bytesOf((graph) => graph.emit("ConstantOfShape", [graph.initializer("shape", long(2 ** 15, 2 ** 14))])),
    ],
    [
      "a range",
      bytesOf((graph) =>
        graph.emit(
          "Range",
          [0, 2 ** 30, 1].map((n) => graph.scalar("int64", n)),
        ),
      ),
    ],
    [
      "an upsampling",
      bytesOf(
        (graph) => graph.emit("Upsample", ["x"], { scales: { kind: "floats", value: [1, 1, 1, 2 ** 30] } }),
        [image],
        7,
      ),
    ],
    [
      "a window",
      bytesOf(
        (graph) => graph.emit("MaxPool", ["x"], { kernel_shape: ints([1, 2 ** 40]), pads: ints([0, 2 ** 40, 0, 0]) }),
        [image],
      ),
    ],
    [
      "the padding of a window",
      bytesOf(
        (graph) => graph.emit("AveragePool", ["x"], { kernel_shape: ints([1, 1]), pads: ints([0, 2 ** 30, 0, 0]) }),
        [image],
      ),
    ],
    [
      "a transposed convolution",
      bytesOf(
        (graph) =>
          graph.emit("ConvTranspose", ["x", graph.initializer("w", float32([1, 1, 1, 1]))], {
            strides: ints([1, 2 ** 30]),
          }),
        [image],
      ),
    ],
  ])("%s", async (_, bytes) => {
    const before = process.memoryUsage().rss;
    await expect(Network.load(bytes)).rejects.toThrow(UnsupportedError);
    await expect(Network.load(bytes, { kernels: "plain" })).rejects.toThrow(UnsupportedError);
    expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 28);
  });
});
