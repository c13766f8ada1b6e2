import { attribute, int } from "../onnx/attributes.ts";
import { integers, sizeOf } from "../onnx/tensor.ts";
import { asNumbers } from "./elementwise.ts";
import type { MathNodes } from "./math.ts";
import type { GradientRule, RuleContext } from "./rule.ts";

/** The axes that a reduction takes together: an input since operator set 13 (ReduceSum) and 18 (the others). */
function reducedAxes({ node, inputs, constant, shape }: RuleContext): number[] {
  const rank = shape(inputs[0]).length;
  const tensor = inputs[1] ? constant(1) : undefined;
  const given = tensor ? integers(tensor) : [];
  if (given.length > 0) return given.map((axis) => (axis + rank) % rank);
  const none = attribute(node, "int", "noop_with_empty_axes", 0) === 1;
  return none ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

/** What a rule of this family writes its formula with; g and y keep an axis of one for each that is reduced. */
interface Formula {
  readonly math: MathNodes;
  readonly g: string;
  readonly x: string;
  readonly y: string;
  /** How many elements are taken together. */
  readonly count: number;
  /** Truth values as the numbers 1 and 0. */
  numbers(truths: string): string;
  /** Reduces a value of x's shape over the same axes. */
  reduce(op: string, value: string): string;
}

/** A rule for a reduction: the partial derivative of the whole by each element, which may still be one for all. */
function reduction(partial: (formula: Formula) => string): GradientRule {
  return (context) => {
    const { graph, math, inputs, outputs, gradient, shape } = context;
    const [x] = inputs;
    const dims = shape(x);
    const axes = reducedAxes(context);
    // An empty list of axes would mean all of them.
    const reduce = (op: string, value: string) =>
      axes.length === 0 ? value : graph.emit(op, [value, graph.ints(axes)], { keepdims: int(1) });
    const kept = graph.ints(dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim)));
    const [g, y] = [gradient, outputs[0]].map((value) => graph.emit("Reshape", [value, kept]));
    const count = sizeOf(axes.map((axis) => dims[axis]));
    const found = partial({ math, g, x, y, count, numbers: (truths) => asNumbers(context, truths), reduce });
    return [graph.emit("Expand", [found, graph.ints(dims)])];
  };
}

/** Where several elements hold the extreme, each receives an equal part of the gradient. */
const extreme = reduction(({ math: { mul, div, equal }, g, x, y, numbers, reduce }) => {
  const holds = numbers(equal(x, y));
  return mul(holds, div(g, reduce("ReduceSum", holds)));
});

/** The product of the others: y / x, and where x alone is zero, the product of the rest. */
const product = reduction(({ math: { mul, div, equal, where }, g, x, numbers, reduce }) => {
  const zero = equal(x, 0);
  const zeros = reduce("ReduceSum", numbers(zero));
  const others = where(zero, 1, x);
  const rest = reduce("ReduceProd", others);
  const atZero = where(equal(zeros, 1), rest, 0);
  return mul(g, where(zero, atZero, where(equal(zeros, 0), div(rest, others), 0)));
});

/** The sum along an axis the other way. */
const cumulativeSum: GradientRule = ({ graph, node, inputs, gradient }) => {
  const reverse = int(1 - attribute(node, "int", "reverse", 0));
  return [graph.emit("CumSum", [gradient, inputs[1]], { ...node.attributes, reverse })];
};

/** Reductions, and running sums. */
export const reductionRules: Readonly<Record<string, GradientRule>> = {
  ReduceSum: reduction(({ g }) => g),
  ReduceMean: reduction(({ math: { mul }, g, count }) => mul(g, 1 / count)),
  ReduceMax: extreme,
  ReduceMin: extreme,
  ReduceProd: product,
  ReduceL1: reduction(({ math: { mul, sign }, g, x }) => mul(g, sign(x))),
  // Of the zero vector, zero.
  ReduceL2: reduction(({ math: { mul, div, equal, where }, g, x, y }) => mul(x, div(g, where(equal(y, 0), 1, y)))),
  ReduceSumSquare: reduction(({ math: { mul }, g, x }) => mul(x, mul(2, g))),
  // The sum is e^y.
  ReduceLogSum: reduction(({ math: { div, exp }, g, y }) => div(g, exp(y))),
  ReduceLogSumExp: reduction(({ math: { mul, sub, exp }, g, x, y }) => mul(g, exp(sub(x, y)))),
  CumSum: cumulativeSum,
};
