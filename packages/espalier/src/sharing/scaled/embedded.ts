import { attribute, int } from "../../onnx/attributes.ts";
import type { GraphBuilder } from "../../onnx/builder.ts";
import { producers } from "../../onnx/graph.ts";
import { sizeOf } from "../../onnx/tensor.ts";
import type { TypedModel, TypedValue } from "../../onnx/typed.ts";
import { endOf } from "../../operators/ends.ts";

/**
 * Distributions are looked at as if their logarithms were divided by this: where a network is sure of itself, its
 * probabilities hardly move for small errors, and jump for larger ones.
 */
const TEMPERATURE = 2;
/** A part of an output's deviation whose error counts as much as a divergence of a half. */
const NEAR = 0.03;
/** Below this, a probability's root is steeper than errors are small. */
const LEAST = 1e-7;

/** What an output is: what the operator says that makes it, or the scores of a distribution whose Softmax was taken off. */
export type OutputKind = "made" | "scores";

/**
 * Adds the nodes that turn an output into numbers whose squared distances say how far it is from another: of
 * distributions twice the roots of the probabilities, as 4 sum (sqrt p - sqrt q)^2 is, for small differences, twice
 * the divergence of p from q (Amari, Information Geometry, section 3.5); of other numbers these in parts of their own
 * deviation, over the root of how many a sample has.
 * @param typed the network, of operator set 13 or later
 * @param scale the deviation of the output's numbers
 * @returns values of as many numbers as the output, in whatever shape
 */
export function embedded(
  graph: GraphBuilder,
  typed: TypedModel,
  output: TypedValue,
  { scale, kind = "made" }: { readonly scale: number; readonly kind?: OutputKind },
): string[] {
  const { end } = endOf(typed, producers(typed), output.name, { turning: true });
  const scalar = (value: number) => graph.scalar("float32", value);
  const rooted = (p: string) =>
    graph.emit("Mul", [graph.emit("Sqrt", [graph.emit("Clip", [p, scalar(LEAST)])]), scalar(2)]);
  const softened = (scores: string) => graph.emit("Div", [scores, scalar(TEMPERATURE)]);
  const distributed = (scores: string, axis: number) =>
    rooted(graph.emit("Softmax", [softened(scores)], { axis: int(axis) }));
  if (kind === "scores") return [distributed(output.name, -1)];
  switch (end?.op) {
    case "Softmax":
    case "LogSoftmax":
      return [distributed(end.inputs[0], attribute(end, "int", "axis", -1))];
    case "Sigmoid": {
      const p = graph.emit("Sigmoid", [softened(end.inputs[0])]);
      return [rooted(p), rooted(graph.emit("Sub", [scalar(1), p]))];
    }
    default: {
      const [, ...sample] = output.shape;
      const unit = NEAR * (scale || 1) * Math.sqrt(Math.max(1, sizeOf(sample)));
      return [graph.emit("Div", [output.name, scalar(unit)])];
    }
  }
}
