import { attribute } from "../../onnx/attributes.ts";
import { integers } from "../../onnx/tensor.ts";
import { type Axis, along, passAxes, range, same, type UnitContext, type UnitLinks, type UnitRule } from "../units.ts";

const unknown = () => Number.NaN;

/** All but some axes stay where they are; those are mixed. */
function allBut({ node, shape }: UnitContext, mixed: readonly number[]): UnitLinks {
  const rank = shape(node.inputs[0]).length;
  const gone = new Set(mixed.map((axis) => (axis < 0 ? axis + rank : axis)));
  return {
    passages: passAxes(
      node.inputs[0],
      node.outputs[0],
      range(rank).filter((axis) => !gone.has(axis)),
    ),
  };
}

/**
 * Axes over which is summed go, or become 1.
 * @param isSum whether a unit that is zero is as good as none
 */
function reduction(constant: typeof same, isSum = false): UnitRule {
  return (context) => {
    const { node, shape, constant: known } = context;
    const rank = shape(node.inputs[0]).length;
    const given = node.inputs[1] ? known(node.inputs[1]) : undefined;
    if (node.inputs[1] && !given) return undefined;
    const listed = given ? integers(given) : attribute(node, "ints", "axes", []);
    const idle = listed.length === 0 && attribute(node, "int", "noop_with_empty_axes", 0) === 1;
    const axes = listed.length === 0 && !idle ? range(rank) : listed;
    const { passages = [] } = allBut(context, axes);
    const over = axes.map((axis): Axis => ({ value: node.inputs[0], axis: axis < 0 ? axis + rank : axis }));
    const sums = isSum && !idle ? over.map((axis) => [axis]) : [];
    if (attribute(node, "int", "keepdims", 1) === 1) return { passages, sums, constant };
    return { passages: passages.map(({ from, to }, i) => ({ from, to: { ...to, axis: i } })), sums, constant };
  };
}

/** Softmax over one axis; before operator set 13 over all from one on. */
const softmax: UnitRule = (context) => {
  const { node, opset, shape } = context;
  const rank = shape(node.inputs[0]).length;
  if (opset >= 13) return allBut(context, [attribute(node, "int", "axis", -1)]);
  const axis = attribute(node, "int", "axis", 1);
  const first = axis < 0 ? axis + rank : axis;
  return allBut(
    context,
    range(rank).filter((i) => i >= first),
  );
};

const ofSame = reduction(same);
const ofOthers = reduction(unknown);
const sum = reduction(unknown, true);

/** Operators that mix the indices of some axes. */
export const reductionRules = {
  ReduceMean: ofSame,
  ReduceMax: ofSame,
  ReduceMin: ofSame,
  ReduceSum: sum,
  ReduceProd: ofOthers,
  ReduceL1: sum,
  ReduceL2: sum,
  ReduceLogSum: ofOthers,
  ReduceLogSumExp: ofOthers,
  ReduceSumSquare: sum,
  Softmax: softmax,
  LogSoftmax: softmax,
  LRN: (context) => allBut(context, [1]),
  LpNormalization: (context) => allBut(context, [attribute(context.node, "int", "axis", -1)]),
  MeanVarianceNormalization: (context) => allBut(context, attribute(context.node, "ints", "axes", [0, 2, 3])),
} as const satisfies Readonly<Record<string, UnitRule>>;

/** Scale and shift of what was normalized over the axes from one on, each of which is of the mean of all. */
export const layerNormalization: UnitRule = (context) => {
  const { node, shape, own, isRead } = context;
  const [value, ...names] = node.inputs;
  const [output, ...others] = node.outputs;
  if (others.some(isRead)) return undefined;
  const rank = shape(value).length;
  const axis = attribute(node, "int", "axis", -1);
  const first = axis < 0 ? axis + rank : axis;
  const normalized = range(rank - first).map((i): Axis => ({ value: output, axis: first + i }));
  const held = names.flatMap((name) => {
    const dims = own(name)?.dims;
    return dims?.length === normalized.length ? [along(name, dims, normalized)] : [];
  });
  return {
    passages: passAxes(value, output, range(rank)),
    held,
    mixed: normalized.map(({ axis }) => ({ value, axis })),
  };
};
