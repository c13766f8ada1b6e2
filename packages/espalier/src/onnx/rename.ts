import type { Attribute, Attributes } from "./attributes.ts";
import type { Graph, Node } from "./graph.ts";

/** The node with other names for some of the values that it, or a subgraph of its attributes, reads and makes. */
export function renamed(node: Node, names: ReadonlyMap<string, string>): Node {
  const all = (values: readonly string[]) => values.map((value) => names.get(value) ?? value);
  return {
    ...mapSubgraphs(node, (graph) => ({
      ...graph,
      nodes: graph.nodes.map((inner) => renamed(inner, names)),
      outputs: graph.outputs.map((output) => ({ ...output, name: names.get(output.name) ?? output.name })),
    })),
    inputs: all(node.inputs),
    outputs: all(node.outputs),
  };
}

/** The node with other graphs in its attributes (the branches of If, the bodies of Loop and Scan). */
export function mapSubgraphs(node: Node, change: (graph: Graph) => Graph): Node {
  if (!Object.values(node.attributes).some(({ kind }) => kind === "graph")) return node;
  return mapAttributes(node, (given) =>
    given.kind === "graph" ? { kind: "graph", value: change(given.value) } : given,
  );
}

/** The node with other attributes, without those that become undefined. */
export function mapAttributes(node: Node, change: (given: Attribute, name: string) => Attribute | undefined): Node {
  const changed = Object.entries(node.attributes).flatMap(([name, given]) => {
    const value = change(given, name);
    return value ? [[name, value] as const] : [];
  });
  const attributes: Attributes = Object.fromEntries(changed);
  return { ...node, attributes };
}
