import type { Constant } from "./constant.ts";
import { sizeOf } from "./elements.ts";
import { type Attribute, type Graph, type GraphNode, readsOf } from "./graph.ts";

/** The runtime's own operators: layers that read their weights as bytes, and their input where that is bytes too. */
export const CODED_CONV = "DequantizeLinear + Conv";
export const CODED_PRODUCT = "DequantizeLinear + MatMul";

const DEQUANTIZE = /^(com\.microsoft\.)?DequantizeLinear$/;

/** Constant codes behind a DequantizeLinear, as a layer reads them. */
interface Weights {
  /** The names of the codes, their scales and zeros. */
  readonly names: readonly string[];
  readonly dims: readonly number[];
  readonly scale: Constant;
  /** Along which axis of the codes scales differ, and of so many elements each; a block of 0: each has its own. */
  readonly axis: number;
  readonly block: number;
  /** True if a code of 0, or of 128 without a sign, stands for 0: it is then a scale alone that makes floats of them. */
  readonly symmetric: boolean;
  /** True if a matrix is read as its transpose. */
  readonly turned: boolean;
}

/**
 * Lets convolutions and products read codes where a DequantizeLinear made floats of constant ones: they then stay bytes
 * in memory. Where the input comes from a DequantizeLinear with one scale too, the layer computes with whole numbers.
 */
export function withCodes(graph: Graph): Graph {
  const makers = new Map<string, GraphNode>();
  for (const node of graph.nodes) for (const name of node.outputs) makers.set(name, node);
  const { constants } = graph;
  const nodes = graph.nodes.map((node) => codedConv(node) ?? codedProduct(node) ?? node);
  return { ...graph, nodes: withoutIdle(nodes, graph.outputs) };

  function codedConv(node: GraphNode): GraphNode | undefined {
    const group = node.attributes.get("group");
    if (node.op !== "Conv" || (group?.kind === "int" && group.value !== 1)) return undefined;
    const weights = weightsOf(node.inputs[1]);
    const rank = weights?.dims.length ?? 0;
    const scaled = weights && (sizeOf(weights.scale.dims) === 1 || weights.axis === 0);
    if (!weights || !scaled || weights.block > 0 || weights.turned || rank < 3 || rank > 4) return undefined;
    if (!isBias(node.inputs[2], weights.dims[0])) return undefined;
    return coded(node, CODED_CONV, weights, node.inputs[2] ?? "", node.attributes);
  }

  function codedProduct(node: GraphNode): GraphNode | undefined {
    const gemm = node.op === "Gemm";
    if (!gemm && node.op !== "MatMul") return undefined;
    const weights = weightsOf(node.inputs[1]);
    if (weights?.dims.length !== 2) return undefined;
    const flag = (name: string) => isValue(node, name, 1, 0);
    const turned = weights.turned !== (gemm && flag("transB"));
    const [rows, columns] = turned ? [0, 1] : [1, 0];
    const alike = weights.block === 0 && sizeOf(weights.scale.dims) === 1;
    const byRow = weights.block === 0 && weights.axis === rows;
    const byBlock = weights.block > 0 && weights.axis === columns && weights.block % 4 === 0;
    if (!alike && !byRow && !byBlock) return undefined;
    const plain = !gemm || (!flag("transA") && isValue(node, "alpha", 1, 1) && isValue(node, "beta", 1, 1));
    if (!plain || !isBias(node.inputs[2], weights.dims[rows])) return undefined;
    const attributes = new Map<string, Attribute>([
      ["turned", { kind: "int", value: turned ? 1 : 0 }],
      ["block", { kind: "int", value: weights.block }],
      ["rank", { kind: "int", value: gemm ? 2 : 0 }],
    ]);
    return coded(node, CODED_PRODUCT, weights, node.inputs[2] ?? "", attributes);
  }

  function coded(
    node: GraphNode,
    op: string,
    weights: Weights,
    bias: string,
    attributes: ReadonlyMap<string, Attribute>,
  ): GraphNode | undefined {
    const input = weights.block === 0 ? bytesBehind(node.inputs[0]) : undefined;
    if (!input && !weights.symmetric) return undefined;
    const [x, ...scale] = input ?? [node.inputs[0]];
    return { ...node, op, inputs: [x, ...weights.names, bias, ...scale], attributes };
  }

  /** The bytes, scale and zero that a value is made of, all with one scale. */
  function bytesBehind(name: string): readonly string[] | undefined {
    const maker = makers.get(name);
    if (!maker || !DEQUANTIZE.test(maker.op) || constants.has(maker.inputs[0])) return undefined;
    const [scale, zero] = [constants.get(maker.inputs[1]), constants.get(maker.inputs[2] ?? "")];
    const plain = scale?.type === "float32" && sizeOf(scale.dims) === 1 && scale.dims.length < 2;
    // The type of the zero is that of the bytes, and tells it.
    if (!plain || !zero || !isByte(zero) || zero.dims.join() !== scale.dims.join()) return undefined;
    if (!isPlain(maker)) return undefined;
    return maker.inputs;
  }

  function weightsOf(name: string): Weights | undefined {
    const maker = makers.get(name);
    if (maker?.op === "Transpose") {
      const perm = maker.attributes.get("perm");
      const straight = perm && !(perm.kind === "ints" && perm.value.join() === "1,0");
      const inner = straight ? undefined : weightsOf(maker.inputs[0]);
      return inner?.dims.length === 2 ? { ...inner, turned: !inner.turned } : undefined;
    }
    if (maker?.op === "Mul") return castAndScaled(maker);
    if (!maker || !DEQUANTIZE.test(maker.op) || !isValue(maker, "output_dtype", FLOAT, FLOAT, 0)) return undefined;
    const [codes, scale, zero] = maker.inputs.map((input) => constants.get(input));
    if (!codes || !isByte(codes) || scale?.type !== "float32" || (maker.inputs[2] && !zero)) return undefined;
    if (zero && zero.dims.join() !== scale.dims.join()) return undefined;
    const [axis, block] = [number(maker, "axis", 1), number(maker, "block_size", 0)];
    const along = axis < 0 ? axis + codes.dims.length : axis;
    const blocks = codes.dims.map((dim, i) => (i === along ? Math.ceil(dim / block) : dim));
    const expected = block === 0 ? String(codes.dims[along]) : blocks.join();
    const one = block === 0 && sizeOf(scale.dims) === 1 && scale.dims.length < 2;
    if (!one && scale.dims.join() !== expected) return undefined;
    const none = codes.type === "uint8" ? 128 : 0;
    const symmetric = zero ? Array.from(zero.data, Number).every((each) => each === none) : none === 0;
    const [first, second, third = ""] = maker.inputs;
    return { names: [first, second, third], dims: codes.dims, scale, axis: along, block, symmetric, turned: false };
  }

  /** Codes that a Cast makes floats of, and a Mul scales: a number for all, or for each place of one axis. */
  function castAndScaled({ inputs }: GraphNode): Weights | undefined {
    const at = inputs.findIndex((name) => makers.get(name)?.op === "Cast");
    const cast = makers.get(inputs[at]);
    const [codes, scale] = [constants.get(cast?.inputs[0] ?? ""), constants.get(inputs[1 - at])];
    if (!cast || !codes || codes.type !== "int8" || scale?.type !== "float32") return undefined;
    const rank = codes.dims.length;
    if (number(cast, "to", 0) !== FLOAT || scale.dims.length > rank) return undefined;
    const dims = [...Array<number>(rank - scale.dims.length).fill(1), ...scale.dims];
    const along = dims.findIndex((dim) => dim !== 1);
    const axis = Math.max(along, 0);
    const fits = dims.every((dim, i) => dim === 1 || (i === axis && dim === codes.dims[i]));
    if (!fits) return undefined;
    const names = [cast.inputs[0], inputs[1 - at], ""];
    return { names, dims: codes.dims, scale, axis, block: 0, symmetric: true, turned: false };
  }

  /** True for a constant number for each row, one for all, or none at all. */
  function isBias(name: string | undefined, rows: number): boolean {
    if (!name) return true;
    const maker = makers.get(name);
    const stored = maker && DEQUANTIZE.test(maker.op) && maker.inputs.every((input) => !input || constants.has(input));
    const bias = constants.get(stored ? maker.inputs[0] : name);
    const { dims = [] } = bias ?? {};
    return bias !== undefined && (stored || bias.type === "float32") && dims.length === 1 && dims[0] === rows;
  }
}

/** TensorProto.DataType of float32. */
const FLOAT = 1;

/** A bias that is added behind a product of codes, as part of it. */
export function withBiasesOfCodes(graph: Graph): Graph {
  const readers = new Map<string, GraphNode[]>();
  for (const node of graph.nodes)
    for (const name of readsOf(node)) readers.set(name, [...(readers.get(name) ?? []), node]);
  const gone = new Set<GraphNode>();
  const nodes = graph.nodes.map((node) => {
    const [, codes, , , own] = node.inputs;
    const [output] = node.outputs;
    const [add, ...others] = readers.get(output) ?? [];
    if (node.op !== CODED_PRODUCT || own || add?.op !== "Add" || others.length > 0) return node;
    if (graph.outputs.includes(output) || gone.has(add)) return node;
    const name = add.inputs[0] === output ? add.inputs[1] : add.inputs[0];
    const bias = graph.constants.get(name);
    const rows = graph.constants.get(codes)?.dims[isValue(node, "turned", 1, 0) ? 0 : 1];
    if (bias?.type !== "float32" || bias.dims.length !== 1 || bias.dims[0] !== rows) return node;
    gone.add(add);
    return { ...node, inputs: node.inputs.with(4, name), outputs: add.outputs };
  });
  return { ...graph, nodes: nodes.filter((node) => !gone.has(node)) };
}

/** The nodes without those that made floats of codes, or turned them, and whose outputs nothing reads any more. */
function withoutIdle(nodes: readonly GraphNode[], outputs: readonly string[]): GraphNode[] {
  const read = new Set(outputs);
  const kept: GraphNode[] = [];
  for (const node of nodes.toReversed()) {
    const view = DEQUANTIZE.test(node.op) || ["Transpose", "Cast", "Mul"].includes(node.op);
    if (view && !node.outputs.some((name) => read.has(name))) continue;
    for (const name of readsOf(node)) read.add(name);
    kept.push(node);
  }
  return kept.reverse();
}

const isByte = ({ type }: Constant) => type === "int8" || type === "uint8";

function number({ attributes }: GraphNode, name: string, absent: number): number {
  const found = attributes.get(name);
  return found?.kind === "int" || found?.kind === "float" ? found.value : absent;
}

/** True if an attribute, or what is meant where it is left out, is one of some numbers. */
function isValue(node: GraphNode, name: string, wanted: number, absent: number, ...others: readonly number[]): boolean {
  return [wanted, ...others].includes(number(node, name, absent));
}

/** True for a DequantizeLinear whose attributes say nothing of it: it makes float32 by one scale. */
function isPlain(node: GraphNode): boolean {
  return number(node, "block_size", 0) === 0 && isValue(node, "output_dtype", FLOAT, FLOAT, 0);
}
