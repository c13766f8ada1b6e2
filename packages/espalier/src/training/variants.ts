import { labelsFor, readInOrder, type Split } from "../data/dataset.ts";
import type { Engine, Program, Tensors } from "../engine/engine.ts";
import { fedInputs } from "../onnx/graph.ts";
import { splitBefore } from "../onnx/split.ts";
import { type FloatTensor, float32, sizeOf } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { type Evaluation, Tally } from "./tally.ts";

/** Activations that are kept between the variants of a parameter: 256 MB of float32. */
const MOST_KEPT = 2 ** 26;

/**
 * Evaluates a network on a split with each of several values of one parameter, the others left as they are. What lies
 * before the parameter is computed once for all of them.
 */
export async function evaluateVariants(
  engine: Engine,
  annotated: TypedModel,
  parameter: string,
  variants: readonly FloatTensor[],
  split: Split,
): Promise<Evaluation[]> {
  const tallies = variants.map(() => new Tally());
  if (variants.length === 0) return [];
  const { prefix, suffix } = splitBefore(annotated, [parameter]);
  suffix.initializers.delete(parameter);
  suffix.inputs = [
    ...suffix.inputs.filter(({ name }) => name !== parameter),
    { name: parameter, dtype: "float32", shape: variants[0].dims },
  ];
  const before = prefix.outputs.length > 0 ? await engine.compile(prefix) : undefined;
  const after = await engine.compile(suffix, { resident: [parameter] });
  const [input] = fedInputs(annotated);
  const output = annotated.outputs[0].name;
  const border = suffix.inputs.map(({ name }) => name).filter((name) => name !== parameter);
  const perBatch = suffix.inputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  try {
    for await (const batches of chunks(batchesOf(split, input.shape), MOST_KEPT / perBatch)) {
      const kept: Tensors[] = [];
      for (const { inputs } of batches) kept.push(await bordersOf(before, { [input.name]: inputs }, border));
      for (const [i, variant] of variants.entries()) {
        after.load(parameter, variant);
        for (const [j, { labels }] of batches.entries()) {
          tallies[i].add((await after.run(kept[j]))[output], labels);
        }
      }
    }
  } finally {
    await before?.release();
    await after.release();
  }
  return tallies.map((tally) => tally.evaluation());
}

/** The values that the suffix reads, from the prefix or from what is fed. */
async function bordersOf(before: Program | undefined, feeds: Tensors, border: readonly string[]): Promise<Tensors> {
  const computed = { ...feeds, ...(await before?.run(feeds)) };
  return Object.fromEntries(border.map((name) => [name, computed[name]]));
}

/** A split in batches of one size; the last is filled up with samples that have no label. */
async function* batchesOf(split: Split, shape: readonly number[]) {
  const [batch] = shape;
  for (let start = 0; start < split.size; start += batch) {
    const count = Math.min(batch, split.size - start);
    const inputs = float32(shape);
    const labels = labelsFor(split, count);
    await readInOrder(split, start, count, inputs.data, labels);
    yield { inputs, labels };
  }
}

async function* chunks<T>(items: AsyncIterable<T>, most: number): AsyncGenerator<T[]> {
  let chunk: T[] = [];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length + 1 > most) {
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk;
}
