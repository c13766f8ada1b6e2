import type { Model } from "./graph.ts";
import { dependents } from "./live.ts";
import { zeroStates } from "./states.ts";

/** The initializers that count as weights, whose values may change: float32 with at least one dimension. */
export function weightsOf({ initializers }: Model): string[] {
  return [...initializers].flatMap(([name, { dtype, dims }]) => (dtype === "float32" && dims.length > 0 ? name : []));
}

/**
 * The values that depend on what is fed, on weights, on chance or on a state that may be carried.
 * @param throughShapes whether those count that depend on shapes alone
 */
export function changingValues(model: Model, throughShapes = false): Set<string> {
  const { nodes, inputs } = model;
  const random = nodes.filter(({ op }) => /^(Random|Bernoulli|Multinomial)/.test(op)).flatMap(({ outputs }) => outputs);
  const states = zeroStates(model).map(({ input }) => input);
  const followed = throughShapes ? nodes : nodes.filter(({ op }) => op !== "Shape" && op !== "Size");
  return dependents(followed, [...inputs.map(({ name }) => name), ...weightsOf(model), ...random, ...states]);
}
