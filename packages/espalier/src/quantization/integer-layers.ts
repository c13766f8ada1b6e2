import { attribute } from "../onnx/attributes.ts";
import type { Model, Node } from "../onnx/graph.ts";
import { isFloat32 } from "../onnx/tensor.ts";
import type { Layer } from "../operators/layers.ts";

/**
 * Returns true for a layer of which ONNX Runtime has a kernel on whole numbers, where what it reads is one too: a Conv,
 * Gemm or MatMul that multiplies by its weights from the right, as they lie in the file, and adds at most a bias that is
 * constant.
 */
export function hasIntegerKernel(model: Model, layer: Layer): boolean {
  const { node, uses, operand, weight, within, tensor } = layer;
  const isFit = (use: Node) =>
    use.inputs[1] === weight && !isHeld(model, use.inputs[0]) && fits(model, use, tensor.dims);
  // Nodes that share weights share their scales, which lie along one axis.
  return within === undefined && operand === 1 && uses.every((use) => isFit(use) && unitsOf(use) === unitsOf(node));
}

const isHeld = (model: Model, name: string) => model.initializers.has(name);

function fits(model: Model, node: Node, dims: readonly number[]): boolean {
  if (node.domain !== "") return false;
  switch (node.op) {
    case "Conv":
      return hasLine(model, node, dims[0]);
    case "Gemm":
      return isPlainGemm(node) && hasLine(model, node, dims[unitsOf(node)]);
    case "MatMul":
      return dims.length === 2;
    default:
      return false;
  }
}

/** Returns true for a Gemm that computes A B + C, B as it is or turned. */
function isPlainGemm(node: Node): boolean {
  const factor = (name: string) => attribute(node, "float", name, 1);
  return attribute(node, "int", "transA", 0) === 0 && factor("alpha") === 1 && factor("beta") === 1;
}

/** The axis of the weights of a Conv, Gemm or MatMul along which its output units lie. */
export function unitsOf(node: Node): 0 | 1 {
  if (node.op === "Gemm") return attribute(node, "int", "transB", 0) === 1 ? 0 : 1;
  return node.op === "MatMul" ? 1 : 0;
}

/** Returns true if a node has no bias, or a constant one with a number for each unit. */
function hasLine(model: Model, { inputs }: Node, units: number): boolean {
  if (!inputs[2]) return true;
  const bias = model.initializers.get(inputs[2]);
  return isFloat32(bias) && bias.dims.join() === String(units);
}
