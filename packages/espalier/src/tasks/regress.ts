import { sameSizes } from "../adoption/outputs.ts";
import type { TensorSpec } from "../data/dataset.ts";
import { UserError } from "../errors.ts";
import { sizeOf } from "../onnx/tensor.ts";
import type { TypedValue } from "../onnx/typed.ts";
import type { TaskData, TaskOptions } from "./classify.ts";
import { binaryCrossEntropy, crossEntropy, meanSquaredError } from "./loss.ts";
import { lossTallyOf } from "./loss-tally.ts";
import type { Measure } from "./measure.ts";
import { meanSquaredErrorMeasure } from "./measures/distance.ts";
import { error } from "./measures/error.ts";
import { labelError } from "./measures/label-error.ts";
import { targetCheckOf } from "./target-check.ts";
import type { Task } from "./task.ts";

/**
 * Tells values: outputs [batch, ...] are held against float targets of the same shape. By the default loss these are
 * any values, judged by the mean squared error; with cross-entropy they are distributions over classes, one-hot or soft,
 * judged by the error; with binary cross-entropy several labels of 0 or 1, judged by the labels that are wrong. Of the
 * latter two, outputs are taken before the Softmax or Sigmoid that they end in.
 * @param data whose targets it reads; default: values of the shape of the network's output
 */
export function regress(data?: TaskData, options: TaskOptions = {}): Task {
  const { loss = meanSquaredError, measure = measureOf(loss) } = options;
  const target = data?.targets.at(0);
  return {
    name: "regress",
    measure,
    form: { kind: "values", shape: target?.shape, logits: loss === crossEntropy || loss === binaryCrossEntropy },
    targets([output]) {
      if (loss === crossEntropy) checkColumns(output, "cross-entropy", "choose the loss binary-cross-entropy or mse");
      if (measure === error) checkColumns(output, "error", "choose the measure mean-squared-error or label-error");
      return [data ? valuesIn(data, output) : { ...VALUES, shape: output.shape.slice(1) }];
    },
    checkTarget: targetCheckOf(loss),
    loss(graph, [output], [values]) {
      const [batch] = output.shape;
      const shape = [batch, sizeOf(output.shape.slice(1))];
      const flat = (value: TypedValue) =>
        value.shape.length === 2 ? value.name : graph.emit("Reshape", [value.name, graph.ints(shape)]);
      return loss(graph, flat(output), flat(values), batch);
    },
    lossTally: () => lossTallyOf(loss),
  };
}

const VALUES = { name: "value", dtype: "float32" } as const;

function measureOf(loss: TaskOptions["loss"]): Measure {
  if (loss === crossEntropy) return error;
  return loss === binaryCrossEntropy ? labelError : meanSquaredErrorMeasure;
}

/** Softmax over one column is 1 and its score the highest, whatever the network says. */
function checkColumns({ name, shape }: TypedValue, what: string, remedy: string): void {
  if (sizeOf(shape.slice(1)) >= 2) return;
  throw new UserError(`The output "${name}" has one column, and ${what} tells two classes or more apart: ${remedy}.`);
}

function valuesIn(data: TaskData, output: TypedValue): TensorSpec {
  const [target] = data.targets;
  if (!target) throw new UserError(`${data.name} has no targets: give data with the values of each sample.`);
  const shape = output.shape.slice(1);
  if (sameSizes(shape, target.shape)) return { ...target, dtype: "float32" };
  throw new UserError(
    `The targets "${target.name}" of ${data.name} are [${target.shape}], and the output "${output.name}" gives [${shape}] for each sample: use a network with an output of their shape.`,
  );
}
