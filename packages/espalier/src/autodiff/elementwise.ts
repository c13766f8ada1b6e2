import { int } from "../onnx/attributes.ts";
import { codeOf } from "../onnx/dtype.ts";
import type { GradientRule, RuleContext } from "./rule.ts";

/** d(loss)/d(input) in the shape of the output: the gradient times the operator's partial derivative. */
export type Partial = (context: RuleContext, gradient: string) => string;

/**
 * A rule for an operator that works element by element and may stretch its inputs (ONNX's multidirectional
 * broadcasting): one partial derivative for each input, summed over the stretched axes.
 */
export function elementwise(...partials: readonly (Partial | undefined)[]): GradientRule {
  return (context) =>
    context.inputs.map((input, i) => {
      const partial = partials[i];
      return partial && context.wants(i) ? unbroadcast(context, partial(context, context.gradient), input) : undefined;
    });
}

/** Sums a gradient of the output's shape over the axes that broadcasting stretched, so that it has that of `value`. */
export function unbroadcast({ graph, shape, outputs }: RuleContext, gradient: string, value: string): string {
  const from = shape(outputs[0]);
  const to = shape(value);
  const lead = from.length - to.length;
  const stretched = from.flatMap((size, axis) => (axis < lead || (to[axis - lead] === 1 && size !== 1) ? [axis] : []));
  if (stretched.length === 0) return gradient;
  const sum = graph.emit("ReduceSum", [gradient, graph.ints(stretched)], { keepdims: int(lead === 0 ? 1 : 0) });
  return lead === 0 ? sum : graph.emit("Reshape", [sum, graph.ints(to)]);
}

/** Truth values as the numbers 1 and 0 of the gradient's type. */
export function asNumbers({ graph, dtype }: RuleContext, truths: string): string {
  return graph.emit("Cast", [truths], { to: int(codeOf(dtype)) });
}

const through: Partial = (_, g) => g;
const negated: Partial = ({ math }, g) => math.neg(g);

/** -g a / b^2 = -g y / b. */
const divisor: Partial = ({ math, inputs: [, b], outputs: [y] }, g) => math.neg(math.div(math.mul(g, y), b));

/** g b a^(b - 1), and 0 at a = 0 for a^0, and for roots, whose gradient is infinite there. */
const base: Partial = ({ graph, math, inputs: [a, b], dtype, type }, g) => {
  const exponent = type(b).dtype === dtype ? b : graph.emit("Cast", [b], { to: int(codeOf(dtype)) });
  const less = math.where(math.equal(exponent, 0), 1, math.sub(exponent, 1));
  const known = graph.model.initializers.get(b);
  const isRoot = known?.dtype === "string" || !known?.data.every((value: number | bigint) => value >= 1);
  const foot = isRoot ? math.where(math.and(math.equal(a, 0), math.less(less, 0)), 1, a) : a;
  const slope = math.mul(exponent, math.pow(foot, less));
  return math.mul(g, isRoot ? math.where(math.equal(foot, a), slope, 0) : slope);
};

/** g y log a, which tends to 0 with a. */
const exponent: Partial = ({ math, inputs: [a], outputs: [y] }, g) =>
  math.mul(g, math.mul(y, math.log(math.where(math.equal(a, 0), 1, a))));

/** a - b trunc(a / b), the remainder of the sign of a: dy/db = -trunc(a / b) = (y - a) / b. */
const modulus: Partial = ({ math, inputs: [a, b], outputs: [y] }, g) => math.mul(g, math.div(math.sub(y, a), b));

const chosen: Partial = ({ math, inputs: [condition] }, g) => math.where(condition, g, 0);
const otherwise: Partial = ({ math, inputs: [condition] }, g) => math.where(condition, 0, g);

/** A rule for an operator of any number of inputs that all have the same partial derivative. */
const eachInput =
  (partial: Partial): GradientRule =>
  (context) =>
    elementwise(...context.inputs.map(() => partial))(context);

/** Where several inputs hold the extreme, each receives an equal part of the gradient. */
const extreme: GradientRule = (context) => {
  const { math, inputs, outputs } = context;
  if (inputs.length === 1) return [context.gradient];
  const holds = inputs.map((input) => asNumbers(context, math.equal(input, outputs[0])));
  const share = math.div(context.gradient, math.sum(...holds));
  return elementwise(...holds.map((held) => () => math.mul(share, held)))(context);
};

const cast: GradientRule = ({ graph, gradient, inputs, type }) => {
  const { dtype } = type(inputs[0]);
  const floats = dtype === "float32" || dtype === "float64" || dtype === "float16";
  return [floats ? graph.emit("Cast", [gradient], { to: int(codeOf(dtype)) }) : undefined];
};

/** Arithmetic, element by element. */
export const elementwiseRules: Readonly<Record<string, GradientRule>> = {
  Add: elementwise(through, through),
  Sub: elementwise(through, negated),
  Mul: elementwise(
    ({ math, inputs }, g) => math.mul(g, inputs[1]),
    ({ math, inputs }, g) => math.mul(g, inputs[0]),
  ),
  Div: elementwise(({ math, inputs }, g) => math.div(g, inputs[1]), divisor),
  Mod: elementwise(through, modulus),
  Pow: elementwise(base, exponent),
  Sum: eachInput(through),
  Mean: eachInput(({ math, inputs }, g) => math.mul(g, 1 / inputs.length)),
  Max: extreme,
  Min: extreme,
  Where: elementwise(undefined, chosen, otherwise),
  Identity: elementwise(through),
  Cast: cast,
  CastLike: cast,
};
