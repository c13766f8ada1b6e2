import { describe, expect, it } from "vitest";
import { noise } from "../../src/data/noise.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { ints } from "../../src/onnx/attributes.ts";
import type { Model } from "../../src/onnx/graph.ts";
import { float32, floatsOf } from "../../src/onnx/tensor.ts";
import { layersOf } from "../../src/operators/layers.ts";
import { alone, smallest } from "../../src/quantization/form.ts";
import { int8Form } from "../../src/quantization/int8-form.ts";
import { random } from "../../src/random.ts";
import { Net } from "../operators/net.ts";
import { optimized } from "./optimized.ts";

const engine = nodeEngine({ threads: 1 });

/** Pictures through convolutions with a residual sum, pooling and a Gemm. */
function pictures(): Model {
  const net = new Net(3);
  const x = net.input(["batch", 3, 8, 8]);
  const pads = { pads: ints([0, 0, 1, 1]) };
  const first = net.emit("Relu", [net.conv(x, 3, 8, "Conv", pads)]);
  const second = net.emit("Clip", [net.conv(first, 8, 8, "Conv", pads), net.number(0), net.number(6)]);
  const sum = net.emit("Relu", [net.emit("Add", [first, net.conv(second, 8, 8, "Conv", pads)])]);
  const smaller = net.emit("MaxPool", [sum], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) });
  const joined = net.emit("Concat", [net.conv(smaller, 8), net.conv(smaller, 8)], { axis: { kind: "int", value: 1 } });
  const flat = net.emit("Flatten", [net.emit("GlobalAveragePool", [joined])]);
  net.model.outputs = [
    { name: net.emit("Gemm", [flat, net.weights(16, 10), net.weights(10)]), dtype: "float32", shape: ["batch", 10] },
  ];
  return net.model;
}

const data = noise([{ name: "x", dtype: "float32", shape: [3, 8, 8] }], 16, 1);

async function outputOf(model: Model) {
  const program = await engine.compile(model);
  const { normal } = random(9, "test");
  const feeds = { x: float32([4, 3, 8, 8], Float32Array.from({ length: 768 }, normal)) };
  const found = floatsOf((await program.run(feeds))[model.outputs[0].name]);
  await program.release();
  return found;
}

const distance = (a: Float32Array, b: Float32Array) =>
  Math.sqrt(a.reduce((sum, x, i) => sum + (x - b[i]) ** 2, 0) / a.reduce((sum, x) => sum + x * x, 0));

describe("eight bits", () => {
  it("are computed on by ONNX Runtime's kernels on whole numbers, from the input to the last layer", async () => {
    const model = pictures();
    const form = await int8Form(engine, model, { data });
    const operators = await optimized(form.write(model, smallest(form)));
    const count = (op: string) => operators.filter((other) => other === op).length;
    expect(operators.filter((op) => /^(Conv|FusedConv|Gemm|Relu|Clip|Add)$/.test(op))).toEqual([]);
    expect([count("QLinearConv"), count("QLinearAdd"), count("QLinearConcat"), count("QGemm")]).toEqual([5, 1, 1, 1]);
    expect([count("QLinearGlobalAveragePool"), count("MaxPool")]).toEqual([1, 1]);
    // The input alone is made eight bits, and what the Gemm makes is float32 at once.
    expect([count("QuantizeLinear"), count("DequantizeLinear")]).toEqual([1, 0]);
  });

  it("leave the outputs what they were, to some percent", async () => {
    const model = pictures();
    const form = await int8Form(engine, model, { data });
    const right = await outputOf(model);
    expect(distance(right, await outputOf(form.write(model, smallest(form))))).toBeLessThan(0.05);
  });

  it("of one layer leave all others in float32", async () => {
    const model = pictures();
    const form = await int8Form(engine, model, { data });
    const [, layer] = layersOf(model);
    const operators = await optimized(form.write(model, alone(form, layer.weight, "int8")));
    expect(operators.filter((op) => op === "QLinearConv")).toHaveLength(1);
    expect(operators.filter((op) => /^(Fused)?Conv$/.test(op))).toHaveLength(4);
  });
});
