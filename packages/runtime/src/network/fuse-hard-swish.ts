import type { Constant } from "./constant.ts";
import type { Graph, GraphNode } from "./graph.ts";
import { topologyOf } from "./topology.ts";

/**
 * Makes one node HardSwish of x clip(x + 3, 0, 6) / 6, as exporters write it where the operator is not in their operator
 * set. Its constants are numbers of no axes, so that the shape stays that of x, and float32, so that x is.
 */
export function hardSwishesFused(graph: Graph): Graph {
  const { readers } = topologyOf(graph);
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const gone = new Set<GraphNode>();
  const nodes: GraphNode[] = [];

  /** The node that makes a value which another node alone reads. */
  const before = (name: string, op: string): GraphNode | undefined => {
    const node = makers.get(name);
    const alone = readers.get(name)?.length === 1 && !graph.outputs.includes(name);
    return node?.op === op && alone ? node : undefined;
  };
  const is = (name: string | undefined, number: number) => isNumber(graph.constants.get(name ?? ""), number);

  /** What the product x clip(x + 3, 0, 6) is of. */
  const swished = (product: GraphNode): [x: string, ...nodes: GraphNode[]] | undefined => {
    for (const [x, gate] of [product.inputs, product.inputs.toReversed()]) {
      const clip = before(gate, "Clip");
      const sum = clip && before(clip.inputs[0], "Add");
      if (!clip || !sum || !(boundOf(clip, "min", 1, is, 0) && boundOf(clip, "max", 2, is, 6))) continue;
      const [a, b] = sum.inputs;
      if ((a === x && is(b, 3)) || (b === x && is(a, 3))) return [x, product, clip, sum];
    }
    return undefined;
  };

  for (const node of graph.nodes) {
    const product = node.op === "Div" && is(node.inputs[1], 6) ? before(node.inputs[0], "Mul") : undefined;
    const found = product && swished(product);
    if (found) {
      const [x, ...others] = found;
      for (const other of others) gone.add(other);
      nodes.push({ ...node, op: "HardSwish", set: HARD_SWISH, inputs: [x], attributes: new Map() });
    } else nodes.push(node);
  }
  return gone.size === 0 ? graph : { ...graph, nodes: nodes.filter((node) => !gone.has(node)) };
}

/** The operator set in which it came. */
const HARD_SWISH = 14;

function isNumber(constant: Constant | undefined, number: number): boolean {
  return constant?.type === "float32" && constant.dims.length === 0 && constant.data[0] === number;
}

/** True if a bound of a Clip, an attribute once and an input since, is a number. */
function boundOf(
  clip: GraphNode,
  name: string,
  input: number,
  is: (name: string | undefined, number: number) => boolean,
  number: number,
): boolean {
  const attribute = clip.attributes.get(name);
  if (attribute) return attribute.kind === "float" && attribute.value === number;
  return is(clip.inputs[input], number);
}
