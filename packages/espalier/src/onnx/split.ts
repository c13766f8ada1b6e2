import { copyModel, fedInputs } from "./graph.ts";
import { dependents, readsOf, withoutDeadNodes } from "./live.ts";
import { type TypedModel, type TypedValue, typedModel } from "./typed.ts";

/** A network in two parts that run one after the other. */
export interface Parts {
  /** (the network's inputs) -> (the values at the border) */
  readonly prefix: TypedModel;
  /** (the values at the border, parameters) -> (the network's outputs) */
  readonly suffix: TypedModel;
}

/**
 * Splits a network before all that depends on some of its initializers: when only these change, the prefix need be
 * run but once for each sample. Whatever the graph's shape, the border is every value that the suffix reads from
 * before it.
 */
export function splitBefore(network: TypedModel, initializers: Iterable<string>): Parts {
  const changing = dependents(network.nodes, initializers);
  const fed = dependents(
    network.nodes,
    fedInputs(network).map(({ name }) => name),
  );
  const late = network.nodes.filter(({ outputs }) => outputs.some((output) => changing.has(output)));
  const early = network.nodes.filter((node) => !late.includes(node));
  const border = new Set(late.flatMap(readsOf).filter((value) => fed.has(value) && !changing.has(value)));
  // An output that does not depend on the initializers at all belongs to the border too.
  for (const { name } of network.outputs) if (fed.has(name) && !changing.has(name)) border.add(name);

  const made = new Map([...network.values, ...network.outputs.map((output) => [output.name, output] as const)]);
  const inputs = new Map(network.inputs.map((input) => [input.name, input]));
  const values: TypedValue[] = [...border].flatMap((name) => made.get(name) ?? inputs.get(name) ?? []);

  const prefix = { ...copyModel(network), nodes: early, values: made };
  prefix.outputs = values.filter(({ name }) => !fedInputs(network).some((input) => input.name === name));
  const suffix = copyModel(network);
  // Constants are computed again: they cost little, and need no border.
  suffix.nodes = network.nodes.filter((node) => late.includes(node) || !node.outputs.some((output) => fed.has(output)));
  suffix.inputs = values;
  return { prefix: typedModel(withoutDeadNodes(prefix)), suffix: typedModel(withoutDeadNodes(suffix)) };
}
