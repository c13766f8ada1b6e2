import { type Graph, type GraphNode, readsOf } from "./graph.ts";

/** Who reads what in a graph. */
export interface Topology {
  /** The nodes that read a name, themselves or in a branch. */
  readonly readers: ReadonlyMap<string, readonly GraphNode[]>;
  /** The number of the last node that reads each name; outputs are read at the end. */
  readonly lastUses: ReadonlyMap<string, number>;
  /** What each node reads. */
  readonly reads: ReadonlyMap<GraphNode, readonly string[]>;
}

const known = new WeakMap<Graph, Topology>();

/** The topology of a graph, which does not change. */
export function topologyOf(graph: Graph): Topology {
  const found = known.get(graph);
  if (found) return found;
  const readers = new Map<string, GraphNode[]>();
  const lastUses = new Map<string, number>();
  const reads = new Map(graph.nodes.map((node) => [node, readsOf(node)]));
  for (const [i, node] of graph.nodes.entries()) {
    for (const name of new Set(reads.get(node))) {
      const others = readers.get(name);
      if (others) others.push(node);
      else readers.set(name, [node]);
      lastUses.set(name, i);
    }
  }
  for (const name of graph.outputs) lastUses.set(name, graph.nodes.length);
  const topology = { readers, lastUses, reads };
  known.set(graph, topology);
  return topology;
}
