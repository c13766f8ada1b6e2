import { attribute } from "../../onnx/attributes.ts";
import type { Model, Node } from "../../onnx/graph.ts";
import { type FloatTensor, float32, isFloat32, sizeOf } from "../../onnx/tensor.ts";

/** The weights of a layer as a matrix: a row for each output unit, for each input unit a block of the row. */
export interface LayerWeights {
  readonly weight: string;
  readonly bias?: string;
  readonly outputs: number;
  readonly inputs: number;
  /** The axis of the weights that has an entry for each output; the other of the first two has one for each input. */
  readonly outputAxis: 0 | 1;
  /** Weights between one input and one output: the kernel's size, 1 for a dense layer. */
  readonly block: number;
  /** Whether a constant input reaches every output the same way: not where padding replaces it by zeros. */
  readonly foldable: boolean;
  /** Whether the bias is added as it is: not by a Gemm that scales it. */
  readonly plain: boolean;
  /** Where the block of an output and an input begins. */
  at(output: number, input: number): number;
}

/**
 * Reads a node as a layer whose units can be looked into: Conv without groups, Gemm, and MatMul with a matrix of
 * weights. Undefined for all others, and for weights that are no float32 initializer of the node's own.
 */
export function layerWeights(model: Model, node: Node, readers: ReadonlyMap<string, number>): LayerWeights | undefined {
  const [, weight, bias] = node.inputs;
  const tensor = model.initializers.get(weight ?? "");
  if (!isFloat32(tensor) || readers.get(weight) !== 1) return undefined;
  const own = bias ? model.initializers.get(bias) : undefined;
  if (bias && (!isFloat32(own) || readers.get(bias) !== 1)) return undefined;
  const { dims } = tensor;
  if (node.op === "Conv" && attribute(node, "int", "group", 1) === 1) {
    const block = sizeOf(dims.slice(2));
    const padded = attribute(node, "ints", "pads", []).some((pad) => pad !== 0);
    const automatic = attribute(node, "string", "auto_pad", "NOTSET");
    const foldable = !padded && (automatic === "NOTSET" || automatic === "VALID");
    return {
      weight,
      bias: bias || undefined,
      outputs: dims[0],
      inputs: dims[1],
      outputAxis: 0,
      block,
      foldable,
      plain: true,
      at: (output, input) => (output * dims[1] + input) * block,
    };
  }
  if (dims.length !== 2) return undefined;
  if (node.op === "MatMul") {
    const [inputs, outputs] = dims;
    return {
      weight,
      outputs,
      inputs,
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

/** A tensor with only the given indices of one axis. */
export function kept(tensor: FloatTensor, axis: number, indices: readonly number[]): FloatTensor {
  const shape = tensor.dims.map((dim, i) => (i === axis ? indices.length : dim));
  const data = Float32Array.from(placesOf(tensor.dims, axis, indices), (place) => tensor.data[place]);
  return float32(shape, data);
}

/** Where the elements at the given indices of one axis are in a tensor's data, in their order. */
export function placesOf(dims: readonly number[], axis: number, indices: readonly number[]): Uint32Array {
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
  return places;
}
