import { attribute, int, ints, string } from "../onnx/attributes.ts";
import { integers, sizeOf } from "../onnx/tensor.ts";
import { unbroadcast } from "./elementwise.ts";
import type { GradientRule, RuleContext } from "./rule.ts";

/** The elements stay in their order: the gradient takes the input's shape. */
const sameOrder: GradientRule = ({ graph, inputs, gradient, shape }) => [
  graph.emit("Reshape", [gradient, graph.ints(shape(inputs[0]))]),
];

/** The inverse permutation. */
const transpose: GradientRule = ({ graph, node, inputs, gradient, shape }) => {
  const rank = shape(inputs[0]).length;
  const reversed = Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  const perm = attribute(node, "ints", "perm", reversed);
  return [graph.emit("Transpose", [gradient], { perm: ints(perm.map((_, axis) => perm.indexOf(axis))) })];
};

/** Each input receives its part of the gradient. */
const concat: GradientRule = ({ graph, node, inputs, outputs, gradient, shape, wants }) => {
  const rank = shape(outputs[0]).length;
  const axis = (attribute(node, "int", "axis", 0) + rank) % rank;
  let start = 0;
  return inputs.map((input, i) => {
    const end = start + shape(input)[axis];
    const part = wants(i)
      ? graph.emit("Slice", [gradient, graph.ints([start]), graph.ints([end]), graph.ints([axis])])
      : undefined;
    start = end;
    return part;
  });
};

/** The gradient goes back to where the elements came from, among zeros. */
const slice: GradientRule = (context) => {
  const { graph, inputs, outputs, gradient, shape, scalar } = context;
  const dims = shape(inputs[0]);
  const part = shape(outputs[0]);
  const { starts, steps } = sliced(context, dims);
  if (steps.every((step) => step === 1)) {
    const after = dims.map((dim, axis) => dim - starts[axis] - part[axis]);
    return [graph.emit("Pad", [gradient, graph.ints([...starts, ...after]), scalar(0)], { mode: string("constant") })];
  }
  const positions = Array.from({ length: sizeOf(part) }, (_, i) => flatPosition(i, part, dims, starts, steps));
  return [scatter(context, graph.ints(positions), gradient, dims)];
};

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

function flatPosition(
  index: number,
  part: readonly number[],
  dims: readonly number[],
  starts: readonly number[],
  steps: readonly number[],
): number {
  let position = 0;
  let stride = 1;
  let rest = index;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    position += (starts[axis] + (rest % part[axis]) * steps[axis]) * stride;
    rest = Math.floor(rest / part[axis]);
    stride *= dims[axis];
  }
  return position;
}

/**
 * Adds each element of a gradient to its place in a tensor of zeros.
 * @param positions an int64 value of as many elements: places in the flattened tensor
 */
export function scatter(
  { graph, scalar }: RuleContext,
  positions: string,
  gradient: string,
  dims: readonly number[],
): string {
  const flat = graph.ints([-1]);
  const zeros = graph.emit("Expand", [scalar(0), graph.ints([sizeOf(dims)])]);
  const updates = [positions, gradient].map((value) => graph.emit("Reshape", [value, flat]));
  const sum = graph.emit("ScatterElements", [zeros, ...updates], { axis: int(0), reduction: string("add") });
  return graph.emit("Reshape", [sum, graph.ints(dims)]);
}

/** The gradient is summed over the stretched axes. */
const expand: GradientRule = (context) => [unbroadcast(context, context.gradient, context.inputs[0])];

/** Operators that move elements and leave their values alone. */
export const movementRules: Readonly<Record<string, GradientRule>> = {
  Reshape: sameOrder,
  Flatten: sameOrder,
  Squeeze: sameOrder,
  Unsqueeze: sameOrder,
  Transpose: transpose,
  Concat: concat,
  Slice: slice,
  Expand: expand,
};
