import type { LearningData, TensorSpec } from "../data/dataset.ts";
import { UserError } from "../errors.ts";
import { isWhole } from "../onnx/dtype.ts";
import { sizeOf } from "../onnx/tensor.ts";
import type { TypedValue } from "../onnx/typed.ts";
import { CrossEntropyTally } from "./cross-entropy.ts";
import { crossEntropy, type Loss, oneHot } from "./loss.ts";
import type { Measure } from "./measure.ts";
import { error } from "./measures/error.ts";
import type { Task } from "./task.ts";

/** What of some data a task looks at. */
export type TaskData = Pick<LearningData, "name" | "targets" | "classes" | "vocabulary" | "train">;

/** What a task may do otherwise than by default. */
export interface TaskOptions {
  /** What training lowers; default: that of the task. */
  readonly loss?: Loss;
  /** By what networks are judged; default: that of the task. */
  readonly measure?: Measure;
}

/**
 * Gives each sample, or each step of a sample, one of several classes: outputs are scores [batch, classes] or
 * [batch, steps, classes] before any Softmax, targets class numbers. The loss is softmax cross-entropy, the measure the
 * error in percent. What is told of the loss is the cross-entropy, whatever training lowers.
 * @param data whose targets it reads; default: labels as the network's output has room for
 */
export function classify(data?: TaskData, { loss = crossEntropy, measure = error }: TaskOptions = {}): Task {
  const [target] = data?.targets ?? [];
  if (data && target && !isWhole(target.dtype)) {
    throw new UserError(
      `The targets "${target.name}" of ${data.name} are ${target.dtype} values, and classes are whole numbers: save them as such, or choose the task regress.`,
    );
  }
  const steps = target?.shape.at(0);
  return {
    name: "classify",
    measure,
    form: { kind: "scores", steps },
    targets: ([output]) => [data ? labelsIn(data, output) : { ...LABEL, shape: scoresShape(output).slice(0, -1) }],
    loss(graph, [output], [labels]) {
      const classes = output.shape[output.shape.length - 1];
      const rows = sizeOf(output.shape) / classes;
      const shaped = (value: TypedValue, shape: readonly number[]) =>
        value.shape.length === shape.length ? value.name : graph.emit("Reshape", [value.name, graph.ints(shape)]);
      return loss(graph, shaped(output, [rows, classes]), oneHot(graph, shaped(labels, [rows]), classes), rows);
    },
    lossTally: () => new CrossEntropyTally(),
  };
}

const LABEL = { name: "label", dtype: "int32" } as const;

/** The shape of an output's scores without the batch: [classes] or [steps, classes]. */
function scoresShape({ name, shape }: TypedValue): number[] {
  const dims = shape.slice(1);
  if (dims.length === 1 || dims.length === 2) return dims;
  throw new UserError(
    `The output "${name}" has the shape [${shape}], and training needs [batch, classes] or [batch, steps, classes]: choose another output.`,
  );
}

function labelsIn(data: TaskData, output: TypedValue): TensorSpec {
  const [target] = data.targets;
  if (!target) throw new UserError(`${data.name} has no labels: give data with the class of each sample.`);
  const scores = scoresShape(output);
  const labels = sizeOf(target.shape);
  if (labels !== 1 && scores[0] !== labels) {
    throw new UserError(
      `Each sample of ${data.name} has ${labels} labels, and the output "${output.name}" has the shape [${output.shape}]: use a network with scores for each step.`,
    );
  }
  const classes = sizeOf(scores) / labels;
  if (data.classes !== undefined && classes < data.classes) {
    throw new UserError(
      `${data.name} has ${data.classes} classes, and the output "${output.name}" has ${classes} scores: use a network for that data.`,
    );
  }
  return { ...target, dtype: "int32" };
}
