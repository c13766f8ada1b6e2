import { batchFor, batchOf, type LearningData, readInOrder, type Split } from "../data/dataset.ts";
import { firstNotFinite } from "../data/finite.ts";
import { UserError } from "../errors.ts";
import { sizeOf } from "../onnx/tensor.ts";

/** The dataset that a split is of. */
export type SplitOwner = Pick<LearningData, "name" | "inputs" | "targets">;

/**
 * Why numbers about a split are NaN or infinite: the first number of its samples that is, if there is one. It reads the
 * samples once more, so call it when that has happened.
 * @param otherwise what to say where all inputs and targets are finite
 */
export async function notFinite(data: SplitOwner, split: Split, otherwise: string): Promise<UserError> {
  const found = await firstIn(data, split);
  if (!found) return new UserError(otherwise);
  const { kind, tensor, sample, value } = found;
  return new UserError(
    `The ${kind} "${tensor}" of sample ${sample} of ${data.name} hold ${value}: nothing can be computed with it; correct the data or leave such samples out.`,
  );
}

async function firstIn(data: SplitOwner, split: Split) {
  const chunk = batchFor(data);
  const kinds = [
    { kind: "inputs", specs: data.inputs },
    { kind: "targets", specs: data.targets },
  ];
  const { tensors, arrays } = batchOf([...data.inputs, ...data.targets], chunk);
  for (let start = 0; start < split.size; start += chunk) {
    const count = Math.min(chunk, split.size - start);
    await readInOrder(split, start, count, arrays);
    for (const { kind, specs } of kinds) {
      for (const { name, shape } of specs) {
        const size = sizeOf(shape);
        const { dtype, data } = tensors[name];
        const found = firstNotFinite({ dtype, dims: [count * size], data: data.subarray(0, count * size) });
        if (found) return { kind, tensor: name, sample: start + Math.floor(found.at / size), value: found.value };
      }
    }
  }
  return undefined;
}
