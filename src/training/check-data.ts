import type { LearningData } from "../data/dataset.ts";
import { UserError } from "../errors.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import { sizeOf } from "../onnx/tensor.ts";

/**
 * Checks that a dataset's samples and labels fit a network.
 * @param annotated a model with concrete shapes, whose first input and output begin with the batch
 * @throws UserError when they do not
 */
export function checkData(annotated: Model, data: LearningData): void {
  const [input] = fedInputs(annotated);
  const sample = (input?.shape ?? []).slice(1).map(Number);
  if (sizeOf(sample) !== sizeOf(data.sampleShape)) {
    throw new UserError(
      `The samples of ${data.name} are [${data.sampleShape}], and the input "${input?.name}" takes [${sample}]: use data of that shape.`,
    );
  }
  const [output] = annotated.outputs;
  const classes = sizeOf((output.shape ?? []).slice(1).map(Number));
  if (classes < data.classes) {
    throw new UserError(
      `${data.name} has ${data.classes} classes, and the output "${output.name}" has ${classes} scores: use a network for that data.`,
    );
  }
}
