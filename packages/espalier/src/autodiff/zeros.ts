import type { RuleContext } from "./rule.ts";

/** A value of zeros of the gradient's type. */
export function zeros({ graph, scalar }: RuleContext, dims: readonly number[]): string {
  return graph.emit("Expand", [scalar(0), graph.ints(dims)]);
}
