import { batchFor, batchOf, type LearningData, readInOrder, type Split } from "../data/dataset.ts";
import { UserError } from "../errors.ts";

/** The dataset that a split is of. */
export type SplitOwner = Pick<LearningData, "name" | "inputs" | "targets">;

/**
 * Why numbers about a split are NaN or infinite: the first number of its samples that is, if there is one. It reads the
 * samples once more, so call it when that has happened.
 * @param otherwise what to say where all inputs and targets are finite
 */
export async function notFinite(data: SplitOwner, split: Split, otherwise: string): Promise<UserError> {
  const found = await firstNotFinite(data, split);
  if (!found) return new UserError(otherwise);
  const { kind, tensor, sample, value } = found;
  return new UserError(
    `The ${kind} "${tensor}" of sample ${sample} of ${data.name} hold ${value}: nothing can be computed with it; correct the data or leave such samples out.`,
  );
}

async function firstNotFinite(data: SplitOwner, split: Split) {
  const chunk = batchFor(data);
  const tensors = [
    ...data.inputs.map((spec) => ({ kind: "inputs", spec })),
    ...data.targets.map((spec) => ({ kind: "targets", spec })),
  ].filter(({ spec: { dtype } }) => dtype === "float32" || dtype === "float64");
  if (tensors.length === 0) return undefined;
  const specs = tensors.map(({ spec }) => spec);
  const { arrays } = batchOf(specs, chunk);
  for (let start = 0; start < split.size; start += chunk) {
    const count = Math.min(chunk, split.size - start);
    await readInOrder(split, start, count, arrays);
    for (const { kind, spec } of tensors) {
      const values = arrays[spec.name];
      const size = values.length / chunk;
      const at = values.subarray(0, count * size).findIndex((value) => !Number.isFinite(Number(value)));
      if (at >= 0) {
        return { kind, tensor: spec.name, sample: start + Math.floor(at / size), value: Number(values[at]) };
      }
    }
  }
  return undefined;
}
