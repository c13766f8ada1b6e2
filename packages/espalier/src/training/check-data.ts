import { batchOf, type LearningData, readInOrder } from "../data/dataset.ts";
import { UserError } from "../errors.ts";
import { isWhole } from "../onnx/dtype.ts";
import { fedInputs } from "../onnx/graph.ts";
import { type NumericTensor, sizeOf } from "../onnx/tensor.ts";
import type { TypedModel, TypedValue } from "../onnx/typed.ts";
import type { TargetCheck } from "../tasks/target-check.ts";

/**
 * The inputs that take a batch of samples.
 * @throws UserError when there are none, or the network is made for batches of another size
 */
export function batchInputs(annotated: TypedModel, batch: number): TypedValue[] {
  const { name } = annotated;
  const fed = fedInputs(annotated);
  if (fed.length === 0) throw new UserError(`The network "${name}" has no inputs: nothing can be trained.`);
  for (const input of fed) {
    const [size] = input.shape;
    if (size === batch) continue;
    throw new UserError(
      size === undefined
        ? `The input "${input.name}" of the network "${name}" is one number for the whole batch: fix it in the model.`
        : `The network "${name}" takes batches of ${size} and no others: train it with a batch of ${size}, or export it with an open batch.`,
    );
  }
  return fed;
}

/** The refusal of batches that are larger than the samples there are, in each of some shards. */
export function tooLarge(batch: number, size: number, { name }: LearningData, shards = 1): UserError {
  const where =
    shards === 1 ? `training samples of ${name}` : `training samples that each of ${shards} shards of ${name} has`;
  return new UserError(`The batch of ${batch} is larger than the ${size} ${where}: take a smaller one.`);
}

const CHUNK = 256;

/** @throws UserError when all training samples are of one class: there is nothing to tell apart */
export async function checkClasses({ name, train, targets }: LearningData): Promise<void> {
  const [target] = targets.filter(({ dtype }) => isWhole(dtype));
  if (!target) return;
  const { arrays } = batchOf([target], CHUNK);
  const labels = arrays[target.name];
  let first: number | undefined;
  for (let start = 0; start < train.size; start += CHUNK) {
    const count = Math.min(CHUNK, train.size - start);
    await readInOrder(train, start, count, arrays);
    const read = Array.from<number | bigint, number>(labels.subarray(0, (count * labels.length) / CHUNK), Number);
    first ??= read[0];
    if (read.some((label) => label !== first)) return;
  }
  throw new UserError(
    `All ${train.size} training samples of ${name} are of class ${first}: nothing can be learned from them; give data of two classes or more.`,
  );
}

/** Where the targets of some samples are from. */
interface TargetsAt {
  /** The dataset and its tensor. */
  readonly name: string;
  readonly target: string;
  /** The number of the first sample in its split, from 0. */
  readonly first: number;
  readonly samples: number;
}

/**
 * @throws UserError for the first of some samples whose target does not pass a check
 */
export function checkTargets({ dims, data }: NumericTensor, check: TargetCheck, at: TargetsAt): void {
  const size = sizeOf(dims.slice(1));
  for (let i = 0; i < at.samples; i++) {
    const wrong = check(Array.from<number | bigint, number>(data.subarray(i * size, (i + 1) * size), Number));
    if (wrong === undefined) continue;
    throw new UserError(
      `The targets "${at.target}" of sample ${at.first + i} of ${at.name} ${wrong}: correct them, or choose the loss mse.`,
    );
  }
}

/** @throws UserError for a training sample whose first target does not pass a check */
export async function checkTrainingTargets({ name, train, targets }: LearningData, check?: TargetCheck): Promise<void> {
  const [target] = targets;
  if (!check || !target) return;
  const { arrays, tensors } = batchOf([target], CHUNK);
  for (let first = 0; first < train.size; first += CHUNK) {
    const samples = Math.min(CHUNK, train.size - first);
    await readInOrder(train, first, samples, arrays);
    checkTargets(tensors[target.name], check, { name, target: target.name, first, samples });
  }
}
