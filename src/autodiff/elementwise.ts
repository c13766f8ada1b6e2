import type { GradientRule, RuleContext } from "./rule.ts";

/** Sums a gradient over the axes that broadcasting stretched, so that it has the shape of `value` again. */
export function unbroadcast(
  { graph, shape }: RuleContext,
  gradient: string,
  from: readonly number[],
  value: string,
): string {
  const to = shape(value);
  const lead = from.length - to.length;
  const axes = from.flatMap((size, axis) => (axis < lead || (to[axis - lead] === 1 && size !== 1) ? [axis] : []));
  if (axes.length === 0) return gradient;
  const summed = graph.emit("ReduceSum", [gradient, graph.ints(axes)]);
  return lead === 0 ? summed : graph.emit("Reshape", [summed, graph.ints(to)]);
}

export const elementwiseRules: Record<string, GradientRule> = {};
