import { copyModel, fedInputs, type Model, type Value } from "./graph.ts";
import { dependents, readsOf, withoutDeadNodes } from "./live.ts";

/** A network in two parts that run one after the other. */
export interface Parts {
  /** (the network's inputs) -> (the values at the border) */
  readonly prefix: Model;
  /** (the values at the border, parameters) -> (the network's outputs) */
  readonly suffix: Model;
}

/**
 * Splits a network before all that depends on some of its initializers: when only these change, the prefix need be
 * run but once for each sample. Whatever the graph's shape, the border is every value that the suffix reads from
 * before it.
 * @param annotated a model with concrete shapes
 */
export function splitBefore(annotated: Model, initializers: Iterable<string>): Parts {
  const changing = dependents(annotated.nodes, initializers);
  const fed = dependents(
    annotated.nodes,
    fedInputs(annotated).map(({ name }) => name),
  );
  const late = annotated.nodes.filter(({ outputs }) => outputs.some((output) => changing.has(output)));
  const early = annotated.nodes.filter((node) => !late.includes(node));
  const border = new Set(late.flatMap(readsOf).filter((value) => fed.has(value) && !changing.has(value)));
  // An output that does not depend on the initializers at all belongs to the border too.
  for (const { name } of annotated.outputs) if (fed.has(name) && !changing.has(name)) border.add(name);

  const typed = new Map(annotated.inputs.map((input) => [input.name, input]));
  for (const [name, value] of annotated.values) typed.set(name, value);
  for (const value of annotated.outputs) typed.set(value.name, value);
  const values: Value[] = [...border].map((name) => typed.get(name) ?? { name });

  const prefix = { ...copyModel(annotated), name: `${annotated.name} prefix`, nodes: early };
  prefix.outputs = values.filter(({ name }) => !fedInputs(annotated).some((input) => input.name === name));
  const suffix = { ...copyModel(annotated), name: `${annotated.name} suffix` };
  // Constants are computed again: they cost little, and need no border.
  suffix.nodes = annotated.nodes.filter(
    (node) => late.includes(node) || !node.outputs.some((output) => fed.has(output)),
  );
  suffix.inputs = values;
  return { prefix: withoutDeadNodes(prefix), suffix: withoutDeadNodes(suffix) };
}
