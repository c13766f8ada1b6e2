import { describe, expect, it } from "vitest";
import { type Attributes, float, int, ints } from "../../../espalier/src/onnx/attributes.ts";
import { GraphBuilder } from "../../../espalier/src/onnx/builder.ts";
import { emptyModel } from "../../../espalier/src/onnx/graph.ts";
import type { NumericTensor } from "../../../espalier/src/onnx/tensor.ts";
import { writeModel } from "../../../espalier/src/onnx/write.ts";
import { UnsupportedError, UserError } from "../../src/errors.ts";
import { Network } from "../../src/network/network.ts";
import { between, normals } from "../one-operator.ts";

/** The output of a node in one operator set. ONNX Runtime computes none before 7. */
async function output(set: number, op: string, inputs: readonly NumericTensor[], attributes: Attributes = {}) {
  const model = emptyModel("test");
  model.opsets.set("", set);
  const names = inputs.map((_, i) => `x${i}`);
  for (const [i, { dtype, dims }] of inputs.entries()) model.inputs.push({ name: names[i], dtype, shape: dims });
  model.outputs.push({ name: new GraphBuilder(model).emit(op, names, attributes), dtype: "float32" });
  const network = await Network.load(writeModel(model));
  const feeds = Object.fromEntries(inputs.map(({ dims, data }, i) => [names[i], { dims, data }]));
  return network.run(feeds)[network.outputs[0]];
}

const shaped = (tensor: NumericTensor, dims: readonly number[]): NumericTensor => ({ ...tensor, dims });
const x = between([2, 3, 4, 2], 1, 0.5, 2);

describe("operators as sets before 7 define them", () => {
  it.each(["Add", "Sub", "Mul", "Div", "Pow"])("%s stretches its second operand by attributes", async (op) => {
    const each = between([3], 2, 0.5, 2);
    const found = await output(6, op, [x, each], { broadcast: int(1), axis: int(1) });
    expect(found).toEqual(await output(7, op, [x, shaped(each, [3, 1, 1])]));
    const last = between([4, 2], 3, 0.5, 2);
    expect(await output(6, op, [x, last], { broadcast: int(1) })).toEqual(await output(7, op, [x, last]));
    expect(await output(6, op, [x, x])).toEqual(await output(7, op, [x, x]));
    await expect(output(6, op, [x, last])).rejects.toThrow(UserError);
    await expect(output(6, op, [x, each], { broadcast: int(1), axis: int(0) })).rejects.toThrow(UserError);
  });

  it("PRelu has a slope for each channel", async () => {
    const y = normals([2, 3, 4, 2], 1);
    const slopes = normals([3], 2);
    expect(await output(6, "PRelu", [y, slopes])).toEqual(await output(7, "PRelu", [y, shaped(slopes, [3, 1, 1])]));
  });

  it("Gemm says that it stretches", async () => {
    const given = [normals([2, 3], 1), normals([3, 4], 2), normals([4], 3)];
    expect(await output(6, "Gemm", given, { broadcast: int(1) })).toEqual(await output(7, "Gemm", given));
  });

  it("BatchNormalization says that it is not in training", async () => {
    const given = [x, ...[2, 3, 4, 5].map((seed) => between([3], seed, 0.5, 2))];
    const attributes = { epsilon: float(1e-3) };
    const found = await output(6, "BatchNormalization", given, { ...attributes, is_test: int(1) });
    expect(found).toEqual(await output(7, "BatchNormalization", given, attributes));
    await expect(output(6, "BatchNormalization", given, attributes)).rejects.toThrow(UnsupportedError);
  });

  it("AveragePool and Max are there", async () => {
    const attributes = { kernel_shape: ints([2, 2]) };
    expect(await output(6, "AveragePool", [x], attributes)).toEqual(await output(7, "AveragePool", [x], attributes));
    expect(await output(6, "Max", [x, x])).toEqual(await output(8, "Max", [x, x]));
  });
});
