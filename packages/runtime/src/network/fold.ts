import type { Constant, GraphNode, NetworkGraph } from "./graph.ts";

/**
 * Folds what can be computed once: Constant nodes become constants, a BatchNormalization behind a convolution goes into
 * its weights, a bias that is added behind a product becomes the product's.
 */
export function folded(graph: NetworkGraph): NetworkGraph {
  const constants = new Map(graph.constants);
  const nodes: GraphNode[] = [];
  const readers = new Map<string, number>();
  for (const name of [...graph.nodes.flatMap(({ inputs }) => inputs), ...graph.outputs]) {
    readers.set(name, (readers.get(name) ?? 0) + 1);
  }
  for (const node of graph.nodes) {
    const { value } = node.attributes;
    if (node.op === "Constant" && typeof value === "object" && "data" in value) {
      constants.set(node.outputs[0], value);
      continue;
    }
    const at = nodes.findIndex(({ outputs }) => outputs[0] === node.inputs[0] || outputs[0] === node.inputs[1]);
    const before = nodes[at];
    const merged = before && readers.get(before.outputs[0]) === 1 ? merge(before, node, constants) : undefined;
    if (merged) nodes[at] = merged;
    else nodes.push(node);
  }
  const read = new Set([...nodes.flatMap(({ inputs }) => inputs), ...graph.outputs]);
  for (const name of constants.keys()) if (!read.has(name)) constants.delete(name);
  return { ...graph, nodes, constants };
}

/** One node that does what two do; undefined where there is none. */
function merge(before: GraphNode, node: GraphNode, constants: Map<string, Constant>): GraphNode | undefined {
  if (before.op === "Conv" && node.op === "BatchNormalization") return normalized(before, node, constants);
  if (before.op === "MatMul" && node.op === "Add") return biased(before, node, constants);
  return undefined;
}

function normalized(conv: GraphNode, node: GraphNode, constants: Map<string, Constant>): GraphNode | undefined {
  const weights = constants.get(conv.inputs[1]);
  const [scale, shift, mean, variance] = node.inputs.slice(1).map((name) => constants.get(name)?.data);
  if (!weights || !scale || !shift || !mean || !variance) return undefined;
  const bias = constants.get(conv.inputs[2])?.data;
  const epsilon = typeof node.attributes.epsilon === "number" ? node.attributes.epsilon : 1e-5;
  const channels = weights.dims[0];
  const size = weights.data.length / channels;
  const factor = (c: number) => scale[c] / Math.sqrt(variance[c] + epsilon);
  const names = [`${conv.inputs[1]}/${node.outputs[0]}`, `bias/${node.outputs[0]}`];
  constants.set(names[0], {
    dims: weights.dims,
    data: Float32Array.from(weights.data, (w, i) => w * factor(Math.floor(i / size))),
  });
  constants.set(names[1], {
    dims: [channels],
    data: Float32Array.from({ length: channels }, (_, c) => ((bias?.[c] ?? 0) - mean[c]) * factor(c) + shift[c]),
  });
  return { ...conv, inputs: [conv.inputs[0], ...names], outputs: node.outputs };
}

/** A product of a matrix with a constant one, and a bias for each column, are one Gemm where the rank is two. */
function biased(product: GraphNode, node: GraphNode, constants: Map<string, Constant>): GraphNode | undefined {
  const weights = constants.get(product.inputs[1]);
  const other = node.inputs[0] === product.outputs[0] ? node.inputs[1] : node.inputs[0];
  const bias = constants.get(other);
  if (weights?.dims.length !== 2 || bias?.data.length !== weights.dims[1]) return undefined;
  return { ...product, inputs: [...product.inputs, other], outputs: node.outputs };
}
