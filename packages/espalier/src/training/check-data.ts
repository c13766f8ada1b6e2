import { batchOf, type LearningData, readInOrder } from "../data/dataset.ts";
import { UserError } from "../errors.ts";
import { isWhole } from "../onnx/dtype.ts";
import { fedInputs } from "../onnx/graph.ts";
import type { TypedModel, TypedValue } from "../onnx/typed.ts";

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
