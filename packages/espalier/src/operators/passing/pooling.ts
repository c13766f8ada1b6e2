import { attribute } from "../../onnx/attributes.ts";
import { passAxes, same, type UnitContext, type UnitRule } from "../units.ts";

/** Samples and channels stay where they are. */
function pooling(constant: (context: UnitContext) => typeof same): UnitRule {
  return (context) => {
    const { node, isRead } = context;
    const [output, ...others] = node.outputs;
    if (others.some(isRead)) return undefined;
    return { passages: passAxes(node.inputs[0], output, [0, 1]), constant: constant(context) };
  };
}

const mean = pooling(() => same);
const none = pooling(() => () => Number.NaN);

/** Operators on the windows of each channel. */
export const poolingRules = {
  MaxPool: mean,
  // The mean of a constant is that constant, unless padding counts as zeros.
  AveragePool: pooling(({ node }) => {
    const counted = attribute(node, "int", "count_include_pad", 0) === 1;
    return (_to, _index, [x]) => (!counted || x === 0 ? x : Number.NaN);
  }),
  GlobalAveragePool: mean,
  GlobalMaxPool: mean,
  LpPool: none,
  GlobalLpPool: none,
} as const satisfies Readonly<Record<string, UnitRule>>;
