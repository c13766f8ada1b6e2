import { string } from "../onnx/attributes.ts";
import { integers } from "../onnx/tensor.ts";
import type { GradientRule, RuleContext } from "./rule.ts";

/** The gradient goes back to where the elements came from, among zeros. */
export const slice: GradientRule = (context) => {
  const { inputs, outputs, gradient, shape } = context;
  const dims = shape(inputs[0]);
  const part = [...shape(outputs[0])];
  const { starts, steps } = sliced(context, dims);
  let current = gradient;
  for (const [axis, step] of steps.entries()) {
    if (part[axis] === 0) continue;
    if (step < 0) {
      current = reversed(context, current, axis);
      starts[axis] += (part[axis] - 1) * step;
    }
    if (Math.abs(step) > 1) {
      current = spread(context, current, part, axis, Math.abs(step));
      part[axis] *= Math.abs(step);
    }
  }
  // Negative where the zeros behind the last element reach beyond the end: those are cut off.
  const after = dims.map((dim, axis) => dim - starts[axis] - part[axis]);
  return [padded(context, current, [...starts, ...after])];
};

function padded({ graph, scalar }: RuleContext, value: string, pads: readonly number[]): string {
  return graph.emit("Pad", [value, graph.ints(pads), scalar(0)], { mode: string("constant") });
}

function reversed({ graph }: RuleContext, value: string, axis: number): string {
  return graph.emit("Slice", [value, ...[-1, -(2 ** 31), axis, -1].map((number) => graph.ints([number]))]);
}

/** Puts step - 1 zeros behind each element along an axis. */
function spread(context: RuleContext, value: string, dims: readonly number[], axis: number, step: number): string {
  const { graph } = context;
  const [before, behind] = [dims.slice(0, axis + 1), dims.slice(axis + 1)];
  const apart = graph.emit("Reshape", [value, graph.ints([...before, 1, ...behind])]);
  const pads = [...before, 1, ...behind].map(() => 0);
  const filled = padded(context, apart, [...pads, ...pads.map((_, i) => (i === axis + 1 ? step - 1 : 0))]);
  return graph.emit("Reshape", [filled, graph.ints(dims.map((dim, i) => (i === axis ? dim * step : dim)))]);
}

/** Where a slice begins on each axis, and its step. */
function sliced({ constant }: RuleContext, dims: readonly number[]): { starts: number[]; steps: number[] } {
  const starts = dims.map(() => 0);
  const steps = dims.map(() => 1);
  const [from, , axes, by] = [1, 2, 3, 4].map((i) => {
    const tensor = constant(i);
    return tensor && integers(tensor);
  });
  from?.forEach((start, i) => {
    const axis = ((axes?.[i] ?? i) + dims.length) % dims.length;
    const step = by?.[i] ?? 1;
    const absolute = start < 0 ? start + dims[axis] : start;
    steps[axis] = step;
    starts[axis] = Math.max(0, Math.min(absolute, step < 0 ? dims[axis] - 1 : dims[axis]));
  });
  return { starts, steps };
}
