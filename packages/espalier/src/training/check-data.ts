import { type LearningData, labelsFor, readInOrder } from "../data/dataset.ts";
import { UserError } from "../errors.ts";
import { fedInputs } from "../onnx/graph.ts";
import { sizeOf } from "../onnx/tensor.ts";
import type { TypedModel, TypedValue } from "../onnx/typed.ts";

/**
 * Checks that a dataset's samples and labels fit a network.
 * @param annotated a network whose first input and output begin with the batch
 * @throws UserError when they do not
 */
export function checkData(annotated: TypedModel, data: LearningData): void {
  const [input] = fedInputs(annotated);
  const sample = input?.shape.slice(1) ?? [];
  if (sizeOf(sample) !== sizeOf(data.sampleShape)) {
    throw new UserError(
      `The samples of ${data.name} are [${data.sampleShape}], and the input "${input?.name}" takes [${sample}]: use data of that shape.`,
    );
  }
  const [output] = annotated.outputs;
  const scores = output.shape.slice(1);
  const { labels = 1 } = data.train;
  if (labels !== 1 && scores[0] !== labels) {
    throw new UserError(
      `Each sample of ${data.name} has ${labels} labels, and the output "${output.name}" has the shape [${output.shape}]: use a network with scores for each step.`,
    );
  }
  const classes = sizeOf(scores) / labels;
  if (classes < data.classes) {
    throw new UserError(
      `${data.name} has ${data.classes} classes, and the output "${output.name}" has ${classes} scores: use a network for that data.`,
    );
  }
}

/**
 * The input that takes a batch of samples.
 * @throws UserError when there are other inputs, or the network is made for batches of another size
 */
export function batchInput(annotated: TypedModel, batch: number): TypedValue {
  const { name } = annotated;
  const fed = fedInputs(annotated);
  const [input] = fed;
  if (fed.length !== 1 || input.dtype !== "float32") {
    throw new UserError(
      `The network "${name}" has the inputs ${fed.map(({ name }) => name).join(", ") || "none"}, and training needs one of float32.`,
    );
  }
  const size = input.shape[0];
  if (size !== batch) {
    throw new UserError(
      `The network "${name}" takes batches of ${size} and no others: train it with a batch of ${size}, or export it with an open batch.`,
    );
  }
  return input;
}

const CHUNK = 256;

/** @throws UserError when all training samples are of one class: there is nothing to tell apart */
export async function checkClasses({ name, train, sampleShape }: LearningData): Promise<void> {
  const inputs = new Float32Array(CHUNK * sizeOf(sampleShape));
  const labels = labelsFor(train, CHUNK);
  let first: number | undefined;
  for (let start = 0; start < train.size; start += CHUNK) {
    const count = Math.min(CHUNK, train.size - start);
    await readInOrder(train, start, count, inputs, labels);
    first ??= labels[0];
    if (labels.subarray(0, (count * labels.length) / CHUNK).some((label) => label !== first)) return;
  }
  throw new UserError(
    `All ${train.size} training samples of ${name} are of class ${first}: nothing can be learned from them; give data of two classes or more.`,
  );
}
