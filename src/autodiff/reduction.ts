import { attribute } from "../onnx/attributes.ts";
import { sizeOf } from "../onnx/tensor.ts";
import type { GradientRule, RuleContext } from "./rule.ts";

/** The axes that a reduction sums over: an input since operator set 13 (ReduceSum) and 18 (the others). */
function reducedAxes({ node, inputs, constant, shape }: RuleContext): number[] {
  const rank = shape(inputs[0]).length;
  const given = inputs[1] ? Array.from<number | bigint, number>(constant(1)?.data ?? [], Number) : [];
  if (given.length > 0) return given.map((axis) => (axis + rank) % rank);
  const none = attribute(node, "int", "noop_with_empty_axes", 0) === 1;
  return none ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

/** A rule for a reduction: the gradient, times a factor of the number of elements, goes to every element. */
function reduction(factor: (count: number) => number): GradientRule {
  return (context) => {
    const { graph, inputs, gradient, shape, scalar } = context;
    const dims = shape(inputs[0]);
    const axes = reducedAxes(context);
    const scale = factor(sizeOf(axes.map((axis) => dims[axis])));
    const scaled = scale === 1 ? gradient : graph.emit("Mul", [gradient, scalar(scale)]);
    const kept = dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
    return [graph.emit("Expand", [graph.emit("Reshape", [scaled, graph.ints(kept)]), graph.ints(dims)])];
  };
}

/** Reductions. */
export const reductionRules: Readonly<Record<string, GradientRule>> = {
  ReduceSum: reduction(() => 1),
  ReduceMean: reduction((count) => 1 / count),
};
