import { describe, expect, it } from "vitest";
import { singleFilterGradient, swappedFilterGradient, unfoldedFilterGradient } from "../../src/autodiff/conv-filter.ts";
import { differentiate } from "../../src/autodiff/differentiate.ts";
import type { GradientRule } from "../../src/autodiff/rule.ts";
import { gradientRules } from "../../src/autodiff/rules.ts";
import { windowsOf } from "../../src/autodiff/window.ts";
import { annotate } from "../../src/engine/annotate.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { type Attributes, attribute, int, ints } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel } from "../../src/onnx/graph.ts";
import { float32, sizeOf } from "../../src/onnx/tensor.ts";
import { random } from "../../src/random.ts";

const engine = nodeEngine({ threads: 1 });

const convolutions: readonly [name: string, input: number[], filter: number[], attributes: Attributes][] = [
  ["plain", [2, 3, 7, 6], [4, 3, 3, 2], {}],
  ["strides that leave a rest", [2, 3, 8, 9], [4, 3, 3, 3], { strides: ints([2, 3]) }],
  ["uneven padding", [2, 2, 5, 6], [3, 2, 3, 3], { pads: ints([1, 0, 2, 1]) }],
  ["dilation", [2, 2, 9, 9], [3, 2, 3, 2], { dilations: ints([2, 3]) }],
  [
    "all at once",
    [3, 2, 11, 10],
    [3, 2, 3, 3],
    { strides: ints([2, 2]), dilations: ints([2, 1]), pads: ints([1, 2, 0, 1]) },
  ],
  ["groups", [2, 4, 6, 6], [6, 2, 3, 3], { group: int(2) }],
  ["channel by channel", [3, 4, 7, 6], [8, 1, 3, 3], { group: int(4), pads: ints([1, 1, 1, 1]) }],
  ["each channel by its own filter", [3, 4, 7, 6], [4, 1, 3, 3], { group: int(4), pads: ints([1, 1, 1, 1]) }],
  [
    "each channel by its own filter, all at once",
    [2, 4, 11, 10],
    [4, 1, 3, 2],
    { group: int(4), strides: ints([2, 3]), dilations: ints([2, 1]), pads: ints([1, 2, 0, 1]) },
  ],
  [
    "groups with all at once",
    [2, 6, 11, 10],
    [3, 2, 3, 3],
    { group: int(3), strides: ints([2, 3]), dilations: ints([2, 1]), pads: ints([1, 2, 0, 1]) },
  ],
  ["one axis", [2, 3, 9], [4, 3, 3], { strides: ints([2]), pads: ints([1, 0]) }],
];

/** The gradients of a convolution by two rules that use other formulations. */
async function gradients(input: number[], filter: number[], attributes: Attributes, rule: GradientRule) {
  const model = emptyModel("conv");
  model.inputs.push({ name: "x", dtype: "float32", shape: input }, { name: "w", dtype: "float32", shape: filter });
  const graph = new GraphBuilder(model);
  const y = graph.emit("Conv", ["x", "w"], attributes);
  const squared = graph.emit("Mul", [y, y]);
  graph.emit("ReduceSum", [squared], { keepdims: int(0) }, "loss");
  model.outputs = [{ name: "loss" }];
  const typed = await annotate(engine, model, {});
  const rules = new Map(gradientRules).set("Conv", rule);
  const result = differentiate(typed, "loss", ["x", "w"], rules);
  const names = ["x", "w"].map((name) => result.gradients.get(name) ?? "");
  result.model.outputs = names.map((name) => ({ name }));
  const program = await engine.compile(result.model);
  const { normal } = random(3, "conv");
  const tensor = (dims: number[]) => float32(dims, Float32Array.from({ length: sizeOf(dims) }, normal));
  const outputs = await program.run({ x: tensor(input), w: tensor(filter) });
  await program.release();
  return names.map((name) => outputs[name]);
}

/** The built-in rule with its filter gradient by one of the formulations. */
const formulated =
  (filterGradient: typeof unfoldedFilterGradient): GradientRule =>
  (context) => {
    const windows = windowsOf(context, context.shape(context.inputs[1]).slice(2));
    const groups = attribute(context.node, "int", "group", 1);
    const [forInput] = gradientRules.get("Conv")?.(context) ?? [];
    return [forInput, filterGradient(context, windows, groups)];
  };

describe("the formulations of a convolution's gradients agree", () => {
  it.each(convolutions)("%s", async (_, input, filter, attributes) => {
    const first = await gradients(input, filter, attributes, formulated(unfoldedFilterGradient));
    const single = filter[0] === input[1] && filter[1] === 1;
    for (const other of [swappedFilterGradient, ...(single ? [singleFilterGradient] : [])]) {
      const second = await gradients(input, filter, attributes, formulated(other));
      for (const [i, tensor] of first.entries()) {
        expect(tensor.dims).toEqual(second[i].dims);
        const ours = Array.from<number | bigint, number>(tensor.data, Number);
        const theirs = Array.from<number | bigint, number>(second[i].data, Number);
        const largest = Math.max(...ours.map(Math.abs));
        for (const [j, value] of ours.entries()) expect(Math.abs(value - theirs[j])).toBeLessThan(1e-5 * largest);
      }
    }
  });
});
