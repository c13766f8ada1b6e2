import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../src/engine/node.ts";
import { type Attributes, float, int, ints } from "../../src/onnx/attributes.ts";
import { emptyModel, type Model } from "../../src/onnx/graph.ts";
import { float32, sizeOf } from "../../src/onnx/tensor.ts";
import { upgrade } from "../../src/onnx/upgrade.ts";
import { random } from "../../src/random.ts";

const engine = nodeEngine({ threads: 1 });

function old(opset: number, op: string, shape: number[], attributes: Attributes): Model {
  const model = emptyModel(`${op} ${opset}`);
  model.opsets.set("", opset);
  model.inputs.push({ name: "x", dtype: "float32", shape });
  model.nodes.push({ name: "n", op, domain: "", inputs: ["x"], outputs: ["y"], attributes });
  model.outputs.push({ name: "y" });
  return model;
}

async function run(model: Model, shape: number[]) {
  const program = await engine.compile(model);
  const { normal } = random(1, "upgrade");
  const { y } = await program.run({ x: float32(shape, Float32Array.from({ length: sizeOf(shape) }, normal)) });
  await program.release();
  return { dims: [...y.dims], data: [...y.data] };
}

describe("upgrade", () => {
  it.each<[opset: number, op: string, shape: number[], attributes: Attributes]>([
    [7, "Slice", [4, 5], { starts: ints([1, 0]), ends: ints([3, -1]), axes: ints([0, 1]) }],
    [9, "Slice", [4, 5], { starts: ints([1]), ends: ints([3]) }],
    [7, "Clip", [4, 5], { min: float(-0.5), max: float(0.5) }],
    [10, "Clip", [4, 5], { max: float(0.5) }],
    [10, "Pad", [2, 3], { pads: ints([1, 0, 0, 2]), value: float(7) }],
    [10, "Dropout", [2, 3], { ratio: float(0.3) }],
    [11, "Squeeze", [2, 1, 3], { axes: ints([1]) }],
    [12, "Squeeze", [2, 1, 3], {}],
    [11, "Unsqueeze", [2, 3], { axes: ints([0, 2]) }],
    [12, "ReduceSum", [2, 3, 4], { axes: ints([1]), keepdims: int(0) }],
    [13, "ReduceMean", [2, 3, 4], { axes: ints([0, 2]) }],
    [17, "ReduceMax", [2, 3, 4], {}],
    [11, "Softmax", [2, 3, 4], { axis: int(1) }],
    [12, "LogSoftmax", [2, 3, 4], {}],
    [12, "Softmax", [2, 3, 4], { axis: int(2) }],
    [13, "Softmax", [2, 3, 4], { axis: int(1) }],
    [7, "Relu", [2, 3], {}],
  ])("of operator set %i keeps what %s computes", async (opset, op, shape, attributes) => {
    const before = old(opset, op, shape, attributes);
    const after = upgrade(before);
    expect(after.opsets.get("")).toBe(18);
    expect(before.opsets.get("")).toBe(opset);
    expect(await run(after, shape)).toEqual(await run(before, shape));
  });

  it("leaves later operator sets alone", () => {
    const model = old(21, "Relu", [1], {});
    expect(upgrade(model)).toBe(model);
  });
});
