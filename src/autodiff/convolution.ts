import { attribute, int } from "../onnx/attributes.ts";
import { sizeOf } from "../onnx/tensor.ts";
import { filterGradient } from "./conv-filter.ts";
import type { GradientRule, RuleContext } from "./rule.ts";
import { transposedAttributes, UNFOLDED_LIMIT, unreached, type Windows, windowsOf } from "./window.ts";

/** Y = W * X + b: dX is W transposed over the gradient, dW correlates X with it, db is its sum. */
const conv: GradientRule = (context) => {
  const { graph, node, inputs, gradient, shape, wants } = context;
  const windows = windowsOf(context, shape(inputs[1]).slice(2));
  const groups = attribute(node, "int", "group", 1);
  const everywhere = [0, ...windows.input.map((_, axis) => axis + 2)];
  return [
    wants(0) ? inputGradient(context, windows, groups) : undefined,
    wants(1) ? filterGradient(context, windows, groups) : undefined,
    wants(2) ? graph.emit("ReduceSum", [gradient, graph.ints(everywhere)], { keepdims: int(0) }) : undefined,
  ];
};

/**
 * d(loss)/dX. One product W^T g for the whole batch and Col2Im spread better over threads than ConvTranspose, which
 * works image by image; but they hold every window at once, so large layers take ConvTranspose.
 */
function inputGradient(context: RuleContext, windows: Windows, groups: number): string {
  const { inputs, shape } = context;
  const [batch, channels] = shape(inputs[0]);
  const unfolded = batch * channels * sizeOf(windows.kernel) * sizeOf(windows.output);
  return unfolded <= UNFOLDED_LIMIT && windows.kernel.length === 2
    ? foldedInputGradient(context, windows, groups)
    : transposedInputGradient(context, windows, groups);
}

/** dX = ConvTranspose(g, W). */
export function transposedInputGradient(
  { graph, inputs, gradient }: RuleContext,
  windows: Windows,
  groups: number,
): string {
  return graph.emit("ConvTranspose", [gradient, inputs[1]], transposedAttributes(windows, groups));
}

/** dX = Col2Im(W^T g). */
export function foldedInputGradient(
  { graph, inputs, gradient, shape }: RuleContext,
  windows: Windows,
  groups: number,
): string {
  const [batch, channels] = shape(inputs[0]);
  const filters = shape(inputs[1])[0];
  const places = sizeOf(windows.output);
  const inner = (channels / groups) * sizeOf(windows.kernel);
  const as = (value: string, dims: readonly number[]) => graph.emit("Reshape", [value, graph.ints(dims)]);
  const stacked = groups === 1 ? [] : [groups];
  const weights = graph.emit(
    "Transpose",
    [as(inputs[1], [...stacked, filters / groups, inner])],
    transposeLast(groups),
  );
  const columns = graph.emit("MatMul", [weights, as(gradient, [batch, ...stacked, filters / groups, places])]);
  return fold(graph, as(columns, [batch, channels * sizeOf(windows.kernel), places]), windows);
}

function transposeLast(groups: number) {
  const perm = groups === 1 ? [1, 0] : [0, 2, 1];
  return { perm: { kind: "ints", value: perm } } as const;
}

/** Adds the columns [batch, channels * kernel, places] back to the images that they were taken from. */
export function fold(graph: RuleContext["graph"], columns: string, windows: Windows): string {
  const { kernel, strides, dilations, before, input } = windows;
  // Where the output's size was rounded up, the last window hangs over the declared padding.
  const after = windows.after.map((pad, i) => pad + Math.max(0, -unreached(windows)[i]));
  return graph.emit("Col2Im", [columns, graph.ints(input), graph.ints(kernel)], {
    strides: { kind: "ints", value: strides },
    dilations: { kind: "ints", value: dilations },
    pads: { kind: "ints", value: [...before, ...after] },
  });
}

/** Convolutions. */
export const convolutionRules: Readonly<Record<string, GradientRule>> = { Conv: conv };
