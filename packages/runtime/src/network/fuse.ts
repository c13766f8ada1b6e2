import { Constant } from "./constant.ts";
import type { Graph, GraphNode } from "./graph.ts";
import { readsOf } from "./graph.ts";

/** The runtime's own operator: a product of a tensor with a constant matrix, and a constant bias for each column. */
export const BIASED = "MatMul + Add";

/**
 * Makes one node of two where the graph proves that both compute the same: a BatchNormalization behind a convolution
 * goes into its weights, a bias that is added behind a product becomes the product's.
 */
export function fused(graph: Graph): Graph {
  const constants = new Map(graph.constants);
  const nodes: GraphNode[] = [];
  const readers = new Map<string, number>();
  for (const name of [...graph.nodes.flatMap(readsOf), ...graph.outputs]) {
    readers.set(name, (readers.get(name) ?? 0) + 1);
  }
  const makers = new Map<string, number>();
  for (const node of graph.nodes) {
    // What is fused may be either of what a sum or a product is of.
    const at = (node.op === "Add" || node.op === "Mul" ? node.inputs : node.inputs.slice(0, 1))
      .filter((name) => readers.get(name) === 1)
      .map((name) => makers.get(name))
      .find((index) => index !== undefined);
    const merged = at === undefined ? undefined : merge(nodes[at], node, constants);
    if (at !== undefined && merged) nodes[at] = merged;
    else nodes.push(node);
    for (const name of node.outputs) makers.set(name, merged && at !== undefined ? at : nodes.length - 1);
  }
  const read = new Set([...nodes.flatMap(readsOf), ...graph.outputs]);
  for (const name of constants.keys()) if (!read.has(name)) constants.delete(name);
  return { ...graph, nodes, constants };
}

/** One node that does what two do; undefined where there is none. */
function merge(before: GraphNode, node: GraphNode, constants: Map<string, Constant>): GraphNode | undefined {
  if (before.op === "Conv" && node.op === "BatchNormalization") return normalized(before, node, constants);
  if (before.op === "Conv" && (node.op === "Mul" || node.op === "Add")) return shifted(before, node, constants);
  if (before.op === "MatMul" && node.op === "Add") return biased(before, node, constants);
  return undefined;
}

/** True of a constant of float32. */
function isFloat(constant: Constant | undefined): boolean {
  return constant?.type === "float32";
}

/** The float32 numbers of a constant; undefined for what is computed, or of another type. */
function floatsOf(constant: Constant | undefined): Float32Array | undefined {
  return constant?.data instanceof Float32Array ? constant.data : undefined;
}

/** The BatchNormalization behind a convolution. */
function normalized(conv: GraphNode, node: GraphNode, constants: Map<string, Constant>): GraphNode | undefined {
  const [scale, shift, mean, variance] = node.inputs.slice(1).map((name) => floatsOf(constants.get(name)));
  if (!scale || !shift || !mean || !variance || node.outputs.length > 1) return undefined;
  const channels = constants.get(conv.inputs[1])?.dims[0];
  if ([scale, shift, mean, variance].some(({ length }) => length !== channels)) return undefined;
  const training = node.attributes.get("training_mode");
  if (training && !(training.kind === "int" && training.value === 0)) return undefined;
  const given = node.attributes.get("epsilon");
  const epsilon = given?.kind === "float" ? given.value : 1e-5;
  const factor = (c: number) => scale[c] / Math.sqrt(variance[c] + epsilon);
  return affine(conv, node, constants, factor, (b, c) => (b - mean[c]) * factor(c) + shift[c]);
}

/** A product with constants behind a convolution, or a sum: one number for all, or one for each channel. */
function shifted(conv: GraphNode, node: GraphNode, constants: Map<string, Constant>): GraphNode | undefined {
  const constant = constants.get(node.inputs[0] === conv.outputs[0] ? node.inputs[1] : node.inputs[0]);
  const dims = constants.get(conv.inputs[1])?.dims ?? [];
  const numbers = floatsOf(constant);
  if (!numbers || !constant || constant.dims.length > dims.length || node.attributes.size > 0) return undefined;
  const perChannel = Array<number>(dims.length).fill(1).with(1, dims[0]);
  const own = [...Array<number>(dims.length - constant.dims.length).fill(1), ...constant.dims];
  if (numbers.length !== 1 && own.join() !== perChannel.join()) return undefined;
  const of = (c: number) => numbers[numbers.length === 1 ? 0 : c];
  return node.op === "Mul"
    ? affine(conv, node, constants, of, (b, c) => b * of(c))
    : affine(
        conv,
        node,
        constants,
        () => 1,
        (b, c) => b + of(c),
      );
}

/** A convolution whose filters are multiplied, and whose biases are others; undefined where they are not constant. */
function affine(
  conv: GraphNode,
  node: GraphNode,
  constants: Map<string, Constant>,
  factor: (channel: number) => number,
  biasOf: (bias: number, channel: number) => number,
): GraphNode | undefined {
  const weights = constants.get(conv.inputs[1]);
  const filters = floatsOf(weights);
  const channels = weights?.dims[0] ?? 0;
  const bias = conv.inputs[2] ? floatsOf(constants.get(conv.inputs[2])) : new Float32Array(channels);
  if (!weights || !filters || bias?.length !== channels) return undefined;
  const size = filters.length / channels;
  const names = [`${conv.inputs[1]}/${node.outputs[0]}`, `bias/${node.outputs[0]}`];
  const scaled = new Float32Array(filters.length);
  for (let channel = 0, i = 0; channel < channels; channel++) {
    const by = factor(channel);
    for (const end = i + size; i < end; i++) scaled[i] = filters[i] * by;
  }
  constants.set(names[0], new Constant("float32", weights.dims, scaled));
  constants.set(names[1], new Constant("float32", [channels], Float32Array.from(bias, biasOf)));
  return { ...conv, inputs: [conv.inputs[0], ...names], outputs: node.outputs };
}

/** Only a bias of one axis cannot change the shape of the product. */
function biased(product: GraphNode, node: GraphNode, constants: Map<string, Constant>): GraphNode | undefined {
  const weights = constants.get(product.inputs[1]);
  const other = node.inputs[0] === product.outputs[0] ? node.inputs[1] : node.inputs[0];
  const bias = constants.get(other);
  if (!isFloat(weights) || !isFloat(bias)) return undefined;
  if (weights?.dims.length !== 2 || bias?.dims.length !== 1 || bias.dims[0] !== weights.dims[1]) return undefined;
  return { ...product, op: BIASED, inputs: [...product.inputs, other], outputs: node.outputs };
}
