import { UnsupportedError, UserError } from "../errors.ts";
import type { Machine } from "../kernels/machine.ts";
import { bind } from "./bind.ts";
import { Constant } from "./constant.ts";
import { bytesUnder, over } from "./elements.ts";
import { type Attribute, type Graph, type GraphNode, graphsIn, readsOf } from "./graph.ts";
import { Kept } from "./kept.ts";
import type { Operators } from "./operator.ts";
import { Plan } from "./plan.ts";

type Constants = ReadonlyMap<string, Constant>;

/**
 * Computes what depends on constants alone, once: what is read of it becomes a constant, in branches and bodies too.
 * @param around constants of the graphs that a branch stands in
 */
export function folded(machine: Machine, graph: Graph, operators: Operators, around: Constants = new Map()): Graph {
  const own = foldedHere(machine, graph, operators, around);
  const seen = new Map([...around, ...own.constants]);
  const nodes = own.nodes.map((node) => {
    if (graphsIn(node).length === 0) return node;
    const attributes = Array.from(node.attributes, ([name, attribute]): [string, Attribute] => {
      if (attribute.kind !== "graph") return [name, attribute];
      return [name, { kind: "graph", value: folded(machine, attribute.value, operators, seen) }];
    });
    return { ...node, attributes: new Map(attributes) };
  });
  return { ...own, nodes };
}

/** The same for the nodes of a graph itself. */
function foldedHere(machine: Machine, graph: Graph, operators: Operators, around: Constants): Graph {
  const given = new Map([...around, ...graph.constants]);
  for (const { name } of graph.inputs) given.delete(name);
  const made = new Set<string>(given.keys());
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
  const part = { nodes: known, constants: given, inputs: [], outputs };
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
    // The plan of the whole network says what is wrong, where it is needed: a branch may never be.
    if (error instanceof UnsupportedError || error instanceof UserError) return graph;
    throw error;
  } finally {
    kept.release();
  }
  return { ...graph, nodes: rest, constants };
}
