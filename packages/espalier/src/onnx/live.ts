import type { Graph, Node } from "./graph.ts";

/** The values that a node reads, itself or in the subgraphs of its attributes (If, Loop, Scan). */
export function readsOf({ inputs, attributes }: Node): string[] {
  const nested = Object.values(attributes).flatMap((attribute) =>
    attribute.kind === "graph"
      ? [...attribute.value.nodes.flatMap(readsOf), ...attribute.value.outputs.map(({ name }) => name)]
      : [],
  );
  return [...inputs, ...nested];
}

/** The graph with only the nodes that its outputs need: ONNX Runtime runs every node that it is given. */
export function withoutDeadNodes<G extends Graph>(model: G): G {
  const needed = new Set(model.outputs.map(({ name }) => name));
  const live = model.nodes.toReversed().filter((node) => {
    if (!node.outputs.some((output) => needed.has(output))) return false;
    for (const value of readsOf(node)) needed.add(value);
    return true;
  });
  return { ...model, nodes: live.toReversed() };
}

/** The values that change when one of `roots` does, among them the roots. */
export function dependents(nodes: readonly Node[], roots: Iterable<string>): Set<string> {
  const found = new Set(roots);
  for (const node of nodes) {
    if (!readsOf(node).some((value) => found.has(value))) continue;
    for (const output of node.outputs) if (output) found.add(output);
  }
  return found;
}
