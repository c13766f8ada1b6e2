import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { UserError } from "../../src/errors.ts";
import { lenet300100 } from "../../src/models/lenet-300-100.ts";
import { ModelProtoSchema } from "../../src/onnx/onnx_pb.ts";
import { readModel } from "../../src/onnx/read.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { random } from "../../src/random.ts";

type Graph = NonNullable<MessageInitShape<typeof ModelProtoSchema>["graph"]>;

const fileOf = (graph: Graph, irVersion = 8n, opset = 18n) =>
  toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion, opsetImport: [{ version: opset }], graph }));

/** Reads bytes that may be anything; only a UserError with one sentence may come of it. */
function refusal(bytes: Uint8Array): string | undefined {
  try {
    readModel(bytes, "evil.onnx");
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    const { message } = error as UserError;
    expect(message).toMatch(/^[^\n]+\.$/);
    return message;
  }
}

const tensor = (fields: object) => ({ initializer: [{ name: "w", dataType: 1, ...fields }] });
const dimOf = (size: bigint) => ({ value: { case: "dimValue" as const, value: size } });
const node = (inputs: string[], outputs: string[]) => ({ opType: "Add", input: inputs, output: outputs });

describe("hostile files", () => {
  it.each<[string, Graph, RegExp]>([
    [
      "a tensor larger than its bytes",
      tensor({ dims: [1000n], rawData: new Uint8Array(8) }),
      /declares the shape \[1000\]/,
    ],
    ["a tensor smaller than its bytes", tensor({ dims: [1n], rawData: new Uint8Array(8) }), /declares the shape/],
    ["a terabyte without bytes", tensor({ dims: [2n ** 40n] }), /declares the shape/],
    ["more elements than there are numbers", tensor({ dims: [2n ** 62n, 2n ** 62n, 2n ** 62n] }), /declares the shape/],
    ["a negative dimension", tensor({ dims: [-4n, -1n], rawData: new Uint8Array(16) }), /declares the shape/],
    [
      "an element type that is none",
      tensor({ dataType: 99, dims: [1n], rawData: new Uint8Array(4) }),
      /unknown element type 99/,
    ],
    [
      "weights in another file",
      tensor({ dims: [1n], dataLocation: 1, externalData: [{ key: "location", value: "w.data" }] }),
      /stored in the file "w.data", and only the model is at hand/,
    ],
    [
      "weights in a file of the system's",
      tensor({ dims: [1n], dataLocation: 1, externalData: [{ key: "location", value: "/etc/passwd" }] }),
      /outside the model's folder/,
    ],
    ["sparse weights", { sparseInitializer: [{ values: { name: "s" } }] }, /stores "s" as a sparse tensor/],
    ["sparse weights without a name", { sparseInitializer: [{}] }, /stores "" as a sparse tensor/],
    ["a node without a name or outputs", { node: [node(["ghost"], [])] }, /node "" \(Add\) reads "ghost"/],
    ["nothing, in more rows than there are numbers", tensor({ dims: [0n, 2n ** 63n - 1n] }), /declares the shape/],
    [
      "an input of more elements than there are numbers",
      {
        input: [
          {
            name: "x",
            type: { value: { case: "tensorType", value: { elemType: 1, shape: { dim: [dimOf(2n ** 63n - 1n)] } } } },
          },
        ],
      },
      /"x" declares the size 9223372036854775807/,
    ],
    ["a value that nothing makes", { node: [node(["ghost", "ghost"], ["y"])] }, /reads "ghost"/],
    ["nodes in a circle", { node: [node(["b", "b"], ["a"]), node(["a", "a"], ["b"])] }, /cycle/],
    [
      "a value made twice",
      {
        initializer: [{ name: "w", dataType: 1, dims: [0n] }],
        node: [node(["w", "w"], ["y"]), node(["w", "w"], ["y"])],
      },
      /a second time/,
    ],
    ["an output that nothing makes", { output: [{ name: "y" }] }, /nothing makes its output "y"/],
  ])("%s", (_, graph, message) => {
    expect(refusal(fileOf(graph))).toMatch(message);
  });

  it("is too old", () => {
    expect(refusal(fileOf({ name: "g" }, 2n))).toMatch(/IR version 2/);
    expect(refusal(fileOf({ name: "g" }, 8n, 6n))).toMatch(/operator set 6/);
  });

  it("is of a version that no number holds", () => {
    expect(refusal(fileOf({ name: "g" }, 2n ** 63n - 1n))).toMatch(/version 9223372036854775807/);
    expect(refusal(fileOf({ name: "g" }, 8n, 2n ** 63n - 1n))).toMatch(/version 9223372036854775807/);
  });

  it("is nothing, or no ONNX", () => {
    expect(refusal(new Uint8Array(0))).toMatch(/holds no graph/);
    expect(refusal(new TextEncoder().encode("<!doctype html>"))).toMatch(/not an ONNX file/);
  });

  it("has graphs within graphs within graphs", () => {
    let graph: Graph = { name: "innermost" };
    for (let depth = 0; depth < 300; depth++) {
      graph = { node: [{ opType: "If", attribute: [{ name: "then_branch", type: 5, g: graph }] }] };
    }
    refusal(fileOf(graph));
  });

  it("is cut anywhere", () => {
    const bytes = fileOf({
      initializer: [{ name: "w", dataType: 1, dims: [4n], rawData: new Uint8Array(16) }],
      node: [node(["w", "w"], ["y"])],
      output: [{ name: "y" }],
    });
    let refused = 0;
    for (let length = 0; length < bytes.length; length++) if (refusal(bytes.subarray(0, length))) refused++;
    // A cut between two fields of the file can leave a smaller whole; all others are noticed.
    expect(refused).toBeGreaterThan(0.9 * bytes.length);
  });

  it("is random, or a real model with random damage", () => {
    const { below } = random(1, "damage");
    for (let i = 0; i < 300; i++) refusal(Uint8Array.from({ length: below(200) }, () => below(256)));
    const model = lenet300100({ seed: 1 });
    const whole = writeModel(model);
    for (let i = 0; i < 100; i++) {
      const damaged = whole.slice();
      for (let j = 0; j < 5; j++) damaged[below(400)] = below(256);
      refusal(damaged);
    }
  });
});
