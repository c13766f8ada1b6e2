import { UserError } from "../errors.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { copyModel, type Model, typeOf } from "../onnx/graph.ts";
import { type DropoutSite, exposeDropout } from "./dropout.ts";
import { crossEntropy, type Loss, oneHot } from "./loss.ts";

/** The input that takes the batch's labels, int32 [batch]. */
export const LABELS = "labels";
/** The input that takes the probabilities that a teacher gives the batch, float32 [batch, classes]. */
export const TEACHER = "teacher";
/** The output that holds the loss, a float32 scalar. */
export const LOSS = "loss";

/**
 * Learning from another network's answers beside the labels (Hinton et al., arXiv 1503.02531):
 * L = (1 - weight) L(z, labels) + weight T^2 H(softmax(z_teacher / T), softmax(z / T)).
 */
export interface Distillation {
  readonly weight: number;
  readonly temperature: number;
}

/** A network with its loss, as it is trained: (batch, labels, dropout noise) -> loss. */
export interface Objective {
  readonly model: Model;
  readonly dropout: readonly DropoutSite[];
}

/**
 * Puts a loss behind a network and makes its dropout active.
 * @param annotated a model with concrete shapes, whose first output is [batch, classes]
 */
export function objective(annotated: Model, loss: Loss, distillation?: Distillation): Objective {
  const model = copyModel(annotated);
  const output = model.outputs[0].name;
  const { dims } = typeOf(model, output);
  if (dims.length !== 2) {
    throw new UserError(
      `The output "${output}" has the shape [${dims}], and training needs [batch, classes]: choose another output.`,
    );
  }
  const graph = new GraphBuilder(model, "loss/");
  const dropout = exposeDropout(graph);
  model.inputs.push({ name: LABELS, dtype: "int32", shape: [dims[0]] });
  const target = oneHot(graph, LABELS, dims[1]);
  const fromLabels = loss(graph, output, target, dims[0]);
  const total = distillation ? distilled(graph, output, fromLabels, dims, distillation) : fromLabels;
  graph.emit("Identity", [total], {}, LOSS);
  model.outputs = [{ name: LOSS, dtype: "float32", shape: [] }];
  return { model, dropout };
}

function distilled(
  graph: GraphBuilder,
  output: string,
  fromLabels: string,
  dims: readonly number[],
  { weight, temperature }: Distillation,
): string {
  const number = (value: number) => graph.scalar("float32", value);
  graph.model.inputs.push({ name: TEACHER, dtype: "float32", shape: dims });
  const softened = graph.emit("Mul", [output, number(1 / temperature)]);
  const fromTeacher = crossEntropy(graph, softened, TEACHER, dims[0]);
  return graph.emit("Add", [
    graph.emit("Mul", [fromLabels, number(1 - weight)]),
    graph.emit("Mul", [fromTeacher, number(weight * temperature ** 2)]),
  ]);
}
