import { attribute } from "../../onnx/attributes.ts";
import type { Model, Node } from "../../onnx/graph.ts";
import { type FloatTensor, isFloat32, sizeOf } from "../../onnx/tensor.ts";

/** The weights of a layer as a matrix: a row for each output unit, for each input unit a block of the row. */
export interface LayerWeights {
  readonly weight: string;
  readonly bias?: string;
  readonly outputs: number;
  readonly inputs: number;
  /** Parts of the outputs that each read a part of the inputs; most layers have one. */
  readonly groups: number;
  /** The axis of the weights that has an entry for each output; the other of the first two has one for each input. */
  readonly outputAxis: 0 | 1;
  /** Weights between one input and one output: the kernel's size, 1 for a dense layer. */
  readonly block: number;
  /** Whether a constant input reaches every output the same way: not where padding replaces it by zeros. */
  readonly foldable: boolean;
  /** Whether the bias is added as it is: not by a Gemm that scales it. */
  readonly plain: boolean;
  /** Where the block of an output and an input of its group begins. */
  at(output: number, input: number): number;
}

/**
 * Reads a node as a layer whose units can be looked into: Conv, Gemm, and MatMul with a matrix of weights. Undefined
 * for all others, and for weights that are no float32 initializer of the node's own.
 */
export function layerWeights(model: Model, node: Node, readers: ReadonlyMap<string, number>): LayerWeights | undefined {
  const [, weight, bias] = node.inputs;
  const tensor = model.initializers.get(weight ?? "");
  if (!isFloat32(tensor) || readers.get(weight) !== 1) return undefined;
  const own = bias ? model.initializers.get(bias) : undefined;
  if (bias && (!isFloat32(own) || readers.get(bias) !== 1)) return undefined;
  const { dims } = tensor;
  if (node.op === "Conv") {
    const groups = attribute(node, "int", "group", 1);
    const block = sizeOf(dims.slice(2));
    const padded = attribute(node, "ints", "pads", []).some((pad) => pad !== 0);
    const automatic = attribute(node, "string", "auto_pad", "NOTSET");
    const foldable = !padded && (automatic === "NOTSET" || automatic === "VALID");
    return {
      weight,
      bias: bias || undefined,
      outputs: dims[0],
      inputs: dims[1] * groups,
      groups,
      outputAxis: 0,
      block,
      foldable,
      plain: true,
      at: (output, input) => (output * dims[1] + (input % dims[1])) * block,
    };
  }
  if (dims.length !== 2) return undefined;
  if (node.op === "MatMul") {
    const [inputs, outputs] = dims;
    return {
      weight,
      outputs,
      inputs,
      groups: 1,
      outputAxis: 1,
      block: 1,
      foldable: false,
      plain: true,
      at: (o, i) => i * outputs + o,
    };
  }
  if (node.op !== "Gemm" || attribute(node, "int", "transA", 0) !== 0) return undefined;
  const rows = attribute(node, "int", "transB", 0) === 1;
  const [outputs, inputs] = rows ? dims : dims.toReversed();
  if (own && sizeOf(own.dims) !== outputs) return undefined;
  const plain = attribute(node, "float", "alpha", 1) === 1 && attribute(node, "float", "beta", 1) === 1;
  return {
    weight,
    bias: bias || undefined,
    outputs,
    inputs,
    groups: 1,
    outputAxis: rows ? 0 : 1,
    block: 1,
    foldable: plain,
    plain,
    at: rows ? (o, i) => o * inputs + i : (o, i) => i * outputs + o,
  };
}

/** Whether all weights between an input and an output are zero. */
export function isCut({ data }: FloatTensor, layer: LayerWeights, output: number, input: number): boolean {
  const start = layer.at(output, input);
  for (let i = start; i < start + layer.block; i++) if (data[i] !== 0) return false;
  return true;
}

/** Whether an output reads nothing: all its weights are zero. */
export function readsNothing(tensor: FloatTensor, layer: LayerWeights, output: number): boolean {
  const [start, end] = groupOf(output, layer.outputs, layer.inputs, layer.groups);
  for (let input = start; input < end; input++) if (!isCut(tensor, layer, output, input)) return false;
  return true;
}

/** Whether no output reads an input. */
export function isUnread(tensor: FloatTensor, layer: LayerWeights, input: number): boolean {
  const [start, end] = groupOf(input, layer.inputs, layer.outputs, layer.groups);
  for (let output = start; output < end; output++) if (!isCut(tensor, layer, output, input)) return false;
  return true;
}

/** The range on the other side that belongs to the group of an index. */
export function groupOf(index: number, own: number, other: number, groups: number): [start: number, end: number] {
  const size = other / groups;
  const group = Math.floor((index * groups) / own);
  return [group * size, (group + 1) * size];
}

/** Places in a tensor's data, and the shape of a tensor of what is there. */
export interface Selection {
  readonly places: Uint32Array;
  readonly dims: readonly number[];
}

/** The weights between some outputs and some inputs, of which each group has as many. */
export function selectUnits(
  layer: LayerWeights,
  { dims }: FloatTensor,
  outputs: readonly number[],
  inputs: readonly number[],
): Selection {
  const { groups, block, outputAxis, at } = layer;
  const perGroup = inputs.length / groups;
  const places = new Uint32Array(outputs.length * perGroup * block);
  let next = 0;
  const add = (output: number, input: number) => {
    const start = at(output, input);
    for (let i = start; i < start + block; i++) places[next++] = i;
  };
  if (outputAxis === 1) {
    for (const input of inputs) for (const output of outputs) add(output, input);
    return { places, dims: [inputs.length, outputs.length] };
  }
  for (const output of outputs) {
    const [start] = groupOf(output, layer.outputs, groups, groups);
    for (const input of inputs.slice(start * perGroup, (start + 1) * perGroup)) add(output, input);
  }
  return { places, dims: [outputs.length, perGroup, ...dims.slice(2)] };
}

/** The given indices of one axis. */
export function selectAlong({ dims }: FloatTensor, axis: number, indices: readonly number[]): Selection {
  const inner = sizeOf(dims.slice(axis + 1));
  const outer = sizeOf(dims.slice(0, axis));
  const places = new Uint32Array(outer * indices.length * inner);
  let next = 0;
  for (let block = 0; block < outer; block++) {
    for (const index of indices) {
      const start = (block * dims[axis] + index) * inner;
      for (let i = 0; i < inner; i++) places[next++] = start + i;
    }
  }
  return { places, dims: dims.map((dim, i) => (i === axis ? indices.length : dim)) };
}
