import type { Graph, Model, Node } from "./graph.ts";
import { mapSubgraphs } from "./rename.ts";

/** The graphs in a node's attributes: the branches of If, the bodies of Loop and Scan. */
export function subgraphsOf({ attributes }: Node): Graph[] {
  return Object.values(attributes).flatMap((attribute) => (attribute.kind === "graph" ? [attribute.value] : []));
}

/** All nodes of a graph, each followed by those of its subgraphs. */
export function allNodes({ nodes }: Pick<Graph, "nodes">): Node[] {
  return nodes.flatMap((node) => [node, ...subgraphsOf(node).flatMap(allNodes)]);
}

/** Returns true if a graph has graphs inside. */
export function isNested({ nodes }: Pick<Graph, "nodes">): boolean {
  return nodes.some((node) => subgraphsOf(node).length > 0);
}

/** The graph with other graphs inside its nodes, from the innermost on, and changed itself in the end. */
export function mapGraphs<G extends Graph>(graph: G, change: <H extends Graph>(graph: H) => H): G {
  const nodes = graph.nodes.map((node) => mapSubgraphs(node, (inner) => mapGraphs(inner, change)));
  return change({ ...graph, nodes });
}

/** The outputs of a graph and of all graphs inside: their names cannot change, and each is made where it is given. */
export function allOutputs(graph: Pick<Graph, "nodes" | "outputs">): Set<string> {
  const inner = graph.nodes.flatMap(subgraphsOf).flatMap((each) => [...allOutputs(each)]);
  return new Set([...graph.outputs.map(({ name }) => name), ...inner]);
}

/** The model with the nodes of all graphs inside among its own, to look for who reads and makes what; not to be run. */
export function flattened<M extends Model>(model: M): M {
  return isNested(model) ? { ...model, nodes: allNodes(model) } : model;
}
