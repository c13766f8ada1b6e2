import { attribute } from "../onnx/attributes.ts";
import { type Node, OPSET, producers } from "../onnx/graph.ts";
import { isStoredFloat } from "../onnx/half.ts";
import { sizeOf } from "../onnx/tensor.ts";
import type { TypedModel, TypedValue } from "../onnx/typed.ts";
import { endOf, shapeIn } from "../operators/ends.ts";

/** What an output is, by the operator that it ends in. */
export interface Head {
  /** The output's name. */
  readonly name: string;
  /**
   * Distributions over classes, as they are or as logarithms; probabilities of one thing each; any numbers; or numbers
   * of a type that nothing is learned from.
   */
  readonly kind: "softmax" | "log-softmax" | "sigmoid" | "values" | "whole";
  /** The output's shape, with the batch for which the network is typed. */
  readonly shape: readonly number[];
  /** Of distributions, how many classes each has; of anything else, the last axis. */
  readonly classes: number;
  /** Numbers that lie between one class of a distribution and the next. */
  readonly inner: number;
  /** Whether a dense layer makes it, as it makes the scores of a classifier that has no Softmax. */
  readonly dense: boolean;
}

/** What each output of a network is. */
export function headsOf(typed: TypedModel): Head[] {
  const made = producers(typed);
  return typed.outputs.map((output) => headOf(typed, made, output));
}

function headOf(typed: TypedModel, made: ReadonlyMap<string, Node>, output: TypedValue): Head {
  const { name, dtype, shape } = output;
  const last = shape[shape.length - 1] ?? 1;
  const plain = { name, shape, classes: last, inner: 1, dense: false };
  if (dtype !== "float32" && !isStoredFloat(dtype)) return { ...plain, kind: "whole" };
  const { end } = endOf(typed, made, name);
  switch (end?.op) {
    case "Sigmoid":
      return { ...plain, kind: "sigmoid" };
    case "Softmax":
    case "LogSoftmax": {
      const spanned = spanOf(end, shapeIn(typed, end.outputs[0]), typed.opsets.get("") ?? OPSET);
      // Over the batch itself it is no distribution of a sample.
      if (!spanned) return { ...plain, kind: "values" };
      return { ...plain, ...spanned, kind: end.op === "Softmax" ? "softmax" : "log-softmax" };
    }
    default:
      return { ...plain, kind: "values", dense: end !== undefined && isDense(end, made) };
  }
}

/** The classes of a Softmax: those of one axis, before operator set 13 of all axes from one on. */
function spanOf(softmax: Node, shape: readonly number[], opset: number) {
  const given = attribute(softmax, "int", "axis", opset < 13 ? 1 : -1);
  const axis = given < 0 ? given + shape.length : given;
  if (axis === 0 && shape.length > 1) return undefined;
  if (opset < 13) return { classes: sizeOf(shape.slice(axis)), inner: 1 };
  return { classes: shape[axis], inner: sizeOf(shape.slice(axis + 1)) };
}

/** Returns true for a product with a matrix, with or without the bias behind it. */
function isDense(node: Node, made: ReadonlyMap<string, Node>): boolean {
  if (node.op === "Add") return node.inputs.some((input) => made.get(input)?.op === "MatMul");
  return node.op === "Gemm" || node.op === "MatMul";
}
