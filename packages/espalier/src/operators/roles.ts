import { isWhole } from "../onnx/dtype.ts";
import type { Model, Node } from "../onnx/graph.ts";
import { allNodes } from "../onnx/nested.ts";
import { type FloatTensor, type NumericTensor, sizeOf, type Tensor } from "../onnx/tensor.ts";
import { facetsOf } from "./catalogue.ts";
import { isDequantizing, quantizedFacetsOf } from "./quantized/facets.ts";
import { isView, viewOf } from "./views.ts";

/** Inputs that only set an operator up, or that no gradient reaches. */
const SETTINGS: ReadonlyMap<string, readonly number[]> = new Map([
  ["BatchNormalization", [3, 4]],
  ["Clip", [1, 2]],
  ["Dropout", [1]],
  ["Equal", [0, 1]],
  ["Greater", [0, 1]],
  ["GreaterOrEqual", [0, 1]],
  ["Less", [0, 1]],
  ["LessOrEqual", [0, 1]],
  ["OneHot", [2]],
  ["Pad", [2]],
  ["Pow", [1]],
  ["QuantizeLinear", [1]],
  ["Range", [0, 1, 2]],
  ["Resize", [1, 2]],
  ["Upsample", [1]],
]);

/** Arithmetic in which a single number is a constant of the formula, and an array of one dimension an offset or scale. */
const ARITHMETIC = new Set(["Add", "Sub", "Mul", "Div", "Sum", "Max", "Min", "Where"]);
const OFFSETS = new Set(["Add", "Sub", "Mul", "Div"]);

/** Where each initializer or constant is read, itself or through views. */
export function readsThroughViews(model: Model): Map<string, { readonly node: Node; readonly input: number }[]> {
  const sourceOf = viewOf(model);
  const reads = new Map<string, { node: Node; input: number }[]>();
  for (const node of model.nodes) {
    if (isView(node)) continue;
    for (const [input, value] of node.inputs.entries()) {
      const source = value && sourceOf(value);
      const known = reads.get(source);
      if (known) known.push({ node, input });
      else if (source) reads.set(source, [{ node, input }]);
    }
  }
  return reads;
}

/** Whether a constant is a weight of the node that reads it: not ones and zeros that leave what they scale as it is. */
export function isWeight(node: Node, input: number, { dims, data }: NumericTensor): boolean {
  if (!facetsOf(node)?.weights.includes(input)) return false;
  return node.op !== "InstanceNormalization" || sizeOf(dims) === 1 || data.some((x: number | bigint) => x !== data[0]);
}

/** Beyond this, a number that is added stands for minus infinity. */
const MASKED = 1e30;

/** Whether a node learns from what it reads: not a bound of Clip, a number of a formula, or a mask of attention. */
export function learnsFrom(node: Node, input: number, { dims, data }: FloatTensor): boolean {
  const quantized = quantizedFacetsOf(node);
  if (quantized) return quantized.bias === input;
  if (isDequantizing(node)) return false;
  if (node.domain !== "") return true;
  if (SETTINGS.get(node.op)?.includes(input)) return false;
  return !ARITHMETIC.has(node.op) || (sizeOf(dims) !== 1 && data.every((x) => Math.abs(x) < MASKED));
}

/** Whether a constant beside a value is most likely an offset or scale by channel, not a mask or a table of positions. */
export function isOffset({ op, domain }: Node, { dims }: Tensor): boolean {
  return domain === "" && OFFSETS.has(op) && dims.filter((dim) => dim !== 1).length === 1;
}

/**
 * Chooses the initializers that may be one where they are equal: not those that only happen to be, as biases that are
 * still zero do, and that training would then keep so.
 */
export function mergeable(model: Model): (name: string, tensor: NumericTensor) => boolean {
  const reads = readsThroughViews({ ...model, nodes: allNodes(model) });
  return (name, tensor) => {
    const { dtype, data } = tensor;
    if (isWhole(dtype) || data.some((x: number | bigint) => x !== data[0])) return true;
    return !reads
      .get(name)
      ?.some(({ node, input }) => facetsOf(node)?.weights.includes(input) || isOffset(node, tensor));
  };
}
