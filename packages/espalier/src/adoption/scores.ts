import { UserError } from "../errors.ts";
import { attribute, int } from "../onnx/attributes.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { copyModel, type Model, type Node, OPSET, producers } from "../onnx/graph.ts";
import { withoutDeadNodes } from "../onnx/live.ts";
import { sizeOf } from "../onnx/tensor.ts";
import type { TypedModel, TypedValue } from "../onnx/typed.ts";

/** A network has no output of class scores. */
export class NoScores extends UserError {}

/** A network whose only output are class scores before any Softmax or Sigmoid: [batch, classes], or with a step between. */
export interface Scored {
  readonly model: Model;
  /** The output of the network that was taken. */
  readonly output: string;
  /** The operator at its end that made probabilities of the scores, where there was one. */
  readonly probabilities?: "Softmax" | "Sigmoid";
}

/**
 * Leaves a network with class scores as its only output. A Softmax or Sigmoid at the end is taken off, as losses begin
 * from what is before it and the ranking is the same; the single score s of a binary classifier becomes (0, s), whose
 * softmax is the sigmoid of s; [batch, classes, 1, 1] becomes [batch, classes].
 * @param steps of each sample, where its scores are [batch, steps, classes]
 * @param wanted the output to take; default: the first that looks like class scores
 * @throws UserError when there is no such output
 */
export function withScores(annotated: TypedModel, wanted?: string, steps?: number): Scored {
  const output = choose(annotated, wanted, steps);
  const model = copyModel(annotated);
  const { nodes, probabilities } = withoutProbabilities(model, output.name);
  model.nodes = nodes;
  if (steps !== undefined) {
    model.outputs = [output];
    return { model: withoutDeadNodes(model), output: output.name, probabilities };
  }
  const graph = new GraphBuilder(model, "scores/");
  const [batch, classes, ...rest] = output.shape;
  let scores = output.name;
  if (rest.length > 0) scores = graph.emit("Flatten", [scores], { axis: int(1) });
  if (classes === 1) {
    const zero = graph.emit("Sub", [scores, scores]);
    scores = graph.emit("Concat", [zero, scores], { axis: int(1) });
  }
  const shape = [batch, classesOf(classes)];
  model.outputs = [scores === output.name ? { ...output, shape } : { name: scores, dtype: "float32", shape }];
  return { model: withoutDeadNodes(model), output: output.name, probabilities };
}

function choose({ name, outputs }: TypedModel, wanted: string | undefined, steps: number | undefined): TypedValue {
  const form = steps === undefined ? "[batch, classes]" : `[batch, ${steps}, classes]`;
  const fits = (output: TypedValue) => isScores(output, steps);
  const list = outputs.map(({ name, dtype, shape }) => `"${name}" (${dtype}[${shape}])`).join(", ");
  if (wanted !== undefined) {
    const found = outputs.find((output) => output.name === wanted);
    if (!found) throw new UserError(`The network "${name}" has no output "${wanted}": its outputs are ${list}.`);
    if (!fits(found)) {
      throw new NoScores(`The output "${wanted}" has the shape [${found.shape}], and class scores are ${form}.`);
    }
    return found;
  }
  const fitting = outputs.filter(fits);
  const found = fitting.find(({ shape }) => shape[steps === undefined ? 1 : 2] > 1) ?? fitting[0];
  if (!found) {
    throw new NoScores(
      `The network "${name}" has no output of class scores, ${form}; its outputs are ${list}: take a classifier.`,
    );
  }
  return found;
}

/** For how many classes the only output of a network has scores; undefined where that is not declared, or not what it is. */
export function declaredScores({ outputs: [{ dtype, shape = [] }, ...others] }: Model): number | undefined {
  const [, classes, ...rest] = shape;
  if (others.length > 0 || dtype !== "float32" || typeof classes !== "number") return undefined;
  if (rest.some((size) => size !== 1)) return undefined;
  return classesOf(classes);
}

/** A single score is one of two classes. */
const classesOf = (scores: number) => (scores === 1 ? 2 : scores);

function isScores({ dtype, shape }: TypedValue, steps: number | undefined): boolean {
  if (steps !== undefined) return dtype === "float32" && shape.length === 3 && shape[1] === steps;
  return dtype === "float32" && shape.length >= 2 && sizeOf(shape.slice(2)) === 1;
}

/** Operators that leave each sample's scores as they are, in one shape or another. */
const CARRIERS = new Set(["Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Cast", "Dropout"]);

/** The nodes with Identity in the place of the Softmax or Sigmoid that an output ends in. */
export function withoutProbabilities(
  model: Model,
  output: string,
): { nodes: Node[]; probabilities?: Scored["probabilities"] } {
  const { nodes } = model;
  const makers = producers(model);
  let last = makers.get(output);
  while (last && CARRIERS.has(last.op) && last.domain === "") last = makers.get(last.inputs[0]);
  if (last?.domain !== "" || (last.op !== "Softmax" && last.op !== "Sigmoid")) return { nodes };
  const { shape = [] } = model.values.get(last.outputs[0]) ?? model.outputs.find(({ name }) => name === output) ?? {};
  if (last.op === "Softmax" && !spansClasses(last, shape.map(Number), model.opsets.get("") ?? OPSET)) return { nodes };
  const { op } = last;
  const identity: Node = { ...last, op: "Identity", attributes: {} };
  return { nodes: nodes.map((node) => (node === last ? identity : node)), probabilities: op };
}

/** Whether a Softmax runs over all that a sample has: before operator set 13, over the axes from one on together. */
function spansClasses(softmax: Node, shape: readonly number[], opset: number): boolean {
  const given = attribute(softmax, "int", "axis", opset < 13 ? 1 : -1);
  const axis = given < 0 ? given + shape.length : given;
  const spanned = opset < 13 ? shape.slice(axis) : [shape[axis]];
  return axis > 0 && sizeOf(spanned) === sizeOf(shape.slice(1));
}
