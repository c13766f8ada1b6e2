import { describe, expect, it } from "vitest";
import { type Attributes, float, int } from "../../../espalier/src/onnx/attributes.ts";
import { GraphBuilder } from "../../../espalier/src/onnx/builder.ts";
import type { NumericType } from "../../../espalier/src/onnx/dtype.ts";
import { emptyModel } from "../../../espalier/src/onnx/graph.ts";
import type { NumericTensor } from "../../../espalier/src/onnx/tensor.ts";
import { writeModel } from "../../../espalier/src/onnx/write.ts";
import { UnsupportedError, UserError } from "../../src/errors.ts";
import { Network } from "../../src/network/network.ts";
import { normals, wholes } from "../one-operator.ts";

interface Fed {
  readonly dtype: NumericType;
  readonly shape: readonly number[];
}

/** A network of one input. */
function bytesOf({ dtype, shape }: Fed, build: (graph: GraphBuilder) => string): Uint8Array {
  const model = emptyModel("quantized");
  const graph = new GraphBuilder(model);
  model.opsets.set("", 23).set("com.microsoft", 1);
  model.irVersion = 11;
  model.inputs.push({ name: "x", dtype, shape });
  graph.reserve("x");
  model.outputs.push({ name: build(graph) });
  return writeModel(model);
}

const scale = (graph: GraphBuilder) => graph.scalar("float32", 0.5);
const zero = (graph: GraphBuilder, dtype: "uint8" | "int8", dims: readonly number[] = []) =>
  graph.constant(wholes(dtype, dims, 1, 3, 4));
const codes = (graph: GraphBuilder, dims: readonly number[]) => graph.constant(wholes("int8", dims, 2, -128, 128));
const weights = (graph: GraphBuilder, dims: readonly number[]) =>
  graph.emit("DequantizeLinear", [codes(graph, dims), scale(graph)]);
const own = (graph: GraphBuilder, op: string, inputs: readonly string[], attributes: Attributes = {}) => {
  const output = graph.fresh(op);
  graph.model.nodes.push({ name: output, op, domain: "com.microsoft", inputs, outputs: [output], attributes });
  return output;
};
const row = (dtype: NumericType): Fed => ({ dtype, shape: [2, 4] });
const image = (dtype: NumericType): Fed => ({ dtype, shape: [1, 2, 4, 4] });

describe("a quantized layer is refused", () => {
  it.each<[string, Uint8Array, RegExp]>([
    [
      "whose input is bytes without a scale: a product",
      bytesOf(row("int8"), (graph) => graph.emit("MatMul", ["x", weights(graph, [4, 3])])),
      /int8 without a scale/,
    ],
    [
      "whose input is bytes without a scale: a convolution",
      bytesOf(image("uint8"), (graph) => graph.emit("Conv", ["x", weights(graph, [3, 2, 1, 1])])),
      /uint8 without a scale/,
    ],
    [
      "that divides in another type than float32",
      bytesOf(row("float32"), (graph) =>
        graph.emit("QuantizeLinear", ["x", scale(graph), zero(graph, "uint8")], { precision: int(10) }),
      ),
      /divides in the type 10/,
    ],
    [
      "with an attribute that is not read",
      bytesOf(row("uint8"), (graph) =>
        own(graph, "QLinearSigmoid", ["x", scale(graph), zero(graph, "uint8"), scale(graph)], { alpha: float(1) }),
      ),
      /attribute alpha/,
    ],
  ])("%s", async (_, bytes, message) => {
    await expect(Network.load(bytes)).rejects.toThrow(UnsupportedError);
    await expect(Network.load(bytes)).rejects.toThrow(message);
  });

  /** A product with codes, whose input comes from bytes with such a zero. */
  const behind =
    (type: "uint8" | "int8", dims: readonly number[] = []) =>
    (graph: GraphBuilder) => {
      const x = graph.emit("DequantizeLinear", ["x", scale(graph), zero(graph, type, dims)]);
      return graph.emit("MatMul", [x, weights(graph, [4, 3])]);
    };

  it.each<[string, Fed, (graph: GraphBuilder) => string, RegExp]>([
    ["a zero of another type than its input", row("int8"), behind("uint8"), /x of int8 and an input zeroOfX of uint8/],
    ["bytes that are floats", row("float32"), behind("uint8"), /x of float32 and an input zeroOfX of uint8/],
    ["one scale and a zero for each row", row("uint8"), behind("uint8", [2]), /scales \[\] and zeros \[2\]/],
    [
      "an input of Gemm that is no matrix",
      { dtype: "float32", shape: [2, 2, 4] },
      (graph) => graph.emit("Gemm", ["x", weights(graph, [4, 3])]),
      /multiplies \[2,2,4\] by \[4,3\]/,
    ],
    [
      "whole numbers and a zero of another type",
      row("int8"),
      (graph) => graph.emit("MatMulInteger", ["x", codes(graph, [4, 3]), zero(graph, "uint8"), zero(graph, "int8")]),
      /a of int8 and an input zeroOfA of uint8/,
    ],
    [
      "a sum of bytes of two types",
      row("uint8"),
      (graph) => {
        const [one, none, other] = [scale(graph), zero(graph, "uint8"), zero(graph, "int8")];
        return own(graph, "QLinearAdd", ["x", one, none, codes(graph, [4]), one, other, one, none]);
      },
      /a of uint8 and an input b of int8/,
    ],
  ])("that has %s, as soon as it runs", async (_, fed, build, message) => {
    const network = await Network.load(bytesOf(fed, build));
    const { dtype, shape: dims } = fed;
    const x = dtype === "float32" ? normals(dims, 1) : wholes(dtype as "uint8" | "int8", dims, 1, 0, 9);
    expect(() => network.run({ x })).toThrow(UserError);
    expect(() => network.run({ x })).toThrow(message);
  });
});

it("bytes without a zero of the output are of the type that the input has", async () => {
  const bytes = bytesOf({ dtype: "int8", shape: [4] }, (graph) => {
    const [half, quarter] = [scale(graph), graph.scalar("float32", 0.25)];
    return own(graph, "QLinearLeakyRelu", ["x", half, "", quarter], { alpha: float(0.5) });
  });
  const x: NumericTensor = { dtype: "int8", dims: [4], data: Int8Array.of(-100, -3, 0, 100) };
  const [found] = Object.values((await Network.load(bytes)).run({ x }));
  expect([found.type, ...Array.from(found.data, Number)]).toEqual(["int8", -100, -3, 0, 127]);
});

it("a vector of bytes is multiplied by codes too", async () => {
  const bytes = bytesOf({ dtype: "float32", shape: [4] }, (graph) => {
    const [one, none] = [scale(graph), zero(graph, "uint8")];
    const quantized = graph.emit("QuantizeLinear", ["x", one, none]);
    const x = graph.emit("DequantizeLinear", [quantized, one, none]);
    return graph.emit("MatMul", [x, weights(graph, [4, 3])]);
  });
  const x: NumericTensor = normals([4], 1);
  const [found] = Object.values((await Network.load(bytes)).run({ x }));
  const { data } = wholes("int8", [4, 3], 2, -128, 128);
  const seen = Array.from(x.data as Float32Array, (value) => 0.5 * Math.max(-3, Math.round(value / 0.5)));
  const right = [0, 1, 2].map((row) =>
    seen.reduce((sum, value, k) => sum + value * 0.5 * Number(data[3 * k + row]), 0),
  );
  expect(found.dims).toEqual([3]);
  expect(Array.from(found.data as Float32Array)).toEqual(right);
});
