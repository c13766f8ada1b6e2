import type { Machine } from "../kernels/machine.ts";
import { bind } from "./bind.ts";
import { Constant } from "./constant.ts";
import { bytesUnder, over } from "./elements.ts";
import { type Graph, type GraphNode, readsOf } from "./graph.ts";
import { Kept } from "./kept.ts";
import type { Operators } from "./operator.ts";
import { Plan } from "./plan.ts";
import { UnsupportedError } from "./unsupported.ts";

/** Computes what depends on constants alone, once: what is read of it becomes a constant. */
export function folded(machine: Machine, graph: Graph, operators: Operators): Graph {
  const made = new Set<string>(graph.constants.keys());
  const [known, rest]: [GraphNode[], GraphNode[]] = [[], []];
  for (const node of graph.nodes) {
    const foldable = readsOf(node).every((name) => made.has(name));
    (foldable ? known : rest).push(node);
    if (foldable) for (const name of node.outputs) made.add(name);
  }
  if (known.length === 0) return graph;
  const read = new Set([...rest.flatMap(readsOf), ...graph.outputs]);
  const outputs = known.flatMap((node) => node.outputs).filter((name) => read.has(name));
  const constants = new Map(graph.constants);
  const part = { nodes: known, constants: graph.constants, inputs: [], outputs };
  const bindings = bind(part, operators);
  // The rest of the network reads constants too: none is let go.
  const kept = new Kept(new Map());
  try {
    const plan = new Plan(machine, part, bindings, {}, kept);
    for (const [name, { type, dims, view }] of plan.outputs) {
      const data = bytesUnder(view()).slice();
      constants.set(name, new Constant(type, dims, over(type, data.buffer, 0, view().length)));
    }
    plan.release();
  } catch (error) {
    // The plan of the whole network says what is wrong, where it is needed.
    if (error instanceof UnsupportedError) return graph;
    throw error;
  } finally {
    kept.release();
  }
  return { ...graph, nodes: rest, constants };
}
