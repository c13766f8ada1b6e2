import { attribute } from "../../onnx/attributes.ts";
import { integers } from "../../onnx/tensor.ts";
import { passAxes, range, same, type UnitContext, type UnitLinks, type UnitRule } from "../units.ts";

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

/** Axes over which is summed go, or become 1. */
function reduction(constant: typeof same): UnitRule {
  return (context) => {
    const { node, shape, constant: known } = context;
    const rank = shape(node.inputs[0]).length;
    const given = node.inputs[1] ? known(node.inputs[1]) : undefined;
    if (node.inputs[1] && !given) return undefined;
    const listed = given ? integers(given) : attribute(node, "ints", "axes", []);
    const idle = listed.length === 0 && attribute(node, "int", "noop_with_empty_axes", 0) === 1;
    const axes = listed.length === 0 && !idle ? range(rank) : listed;
    const { passages = [] } = allBut(context, axes);
    if (attribute(node, "int", "keepdims", 1) === 1) return { passages, constant };
    return { passages: passages.map(({ from, to }, i) => ({ from, to: { ...to, axis: i } })), constant };
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

/** Operators that mix the indices of some axes. */
export const reductionRules = {
  ReduceMean: ofSame,
  ReduceMax: ofSame,
  ReduceMin: ofSame,
  ReduceSum: ofOthers,
  ReduceProd: ofOthers,
  ReduceL1: ofOthers,
  ReduceL2: ofOthers,
  ReduceLogSum: ofOthers,
  ReduceLogSumExp: ofOthers,
  ReduceSumSquare: ofOthers,
  Softmax: softmax,
  LogSoftmax: softmax,
  LRN: (context) => allBut(context, [1]),
  LpNormalization: (context) => allBut(context, [attribute(context.node, "int", "axis", -1)]),
  MeanVarianceNormalization: (context) => allBut(context, attribute(context.node, "ints", "axes", [0, 2, 3])),
} as const satisfies Readonly<Record<string, UnitRule>>;

/** Scale and shift of what was normalized over the axes from one on: those before stay where they are. */
export const layerNormalization: UnitRule = (context) => {
  const { node, shape, isRead } = context;
  if (node.outputs.slice(1).some(isRead)) return undefined;
  const rank = shape(node.inputs[0]).length;
  const axis = attribute(node, "int", "axis", -1);
  const first = axis < 0 ? axis + rank : axis;
  return allBut(
    context,
    range(rank).filter((i) => i >= first),
  );
};
