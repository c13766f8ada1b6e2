import { batchOf, type LearningData, readInOrder, type Split } from "../data/dataset.ts";
import { routed } from "../data/routes.ts";
import type { Engine, Program, Tensors } from "../engine/engine.ts";
import { fedInputs } from "../onnx/graph.ts";
import { splitBefore } from "../onnx/split.ts";
import { type FloatTensor, sizeOf } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";
import type { Task } from "../tasks/task.ts";
import { type Evaluation, Evaluator } from "./evaluate.ts";
import { type Feed, fedTensors, routesFor, targetOf } from "./feeding.ts";
import { carriesStates } from "./visits.ts";

/** Activations that are kept between the variants of a parameter: 256 MB of float32. */
const MOST_KEPT = 2 ** 26;

/**
 * Evaluates a network on the validation split with each of several values of one parameter, the others left as they are.
 * What lies before the parameter is computed once for all of them, but where states go from sample to sample: these
 * depend on it too.
 */
export async function evaluateVariants(
  engine: Engine,
  annotated: TypedModel,
  parameter: string,
  variants: readonly FloatTensor[],
  data: LearningData,
  task: Task,
): Promise<Evaluation[]> {
  const { validation } = data;
  if (variants.length === 0) return [];
  if (carriesStates(annotated, validation)) {
    const evaluator = await Evaluator.create(engine, annotated, data, [parameter], { task });
    return inTurn(evaluator, validation, parameter, variants);
  }
  const tallies = variants.map(() => ({ losses: task.lossTally(), measures: task.measure.tally(validation) }));
  const { prefix, suffix } = splitBefore(annotated, [parameter]);
  suffix.initializers.delete(parameter);
  suffix.inputs = [
    ...suffix.inputs.filter(({ name }) => name !== parameter),
    { name: parameter, dtype: "float32", shape: variants[0].dims },
  ];
  const { outputs } = annotated;
  // An output that does not depend on the parameter is among what is kept.
  const made = new Set(suffix.nodes.flatMap((node) => node.outputs));
  suffix.outputs = suffix.outputs.filter(({ name }) => made.has(name));
  const before = prefix.outputs.length > 0 ? await engine.compile(prefix) : undefined;
  const after = await engine.compile(suffix, { resident: [parameter] });
  const feed: Feed = { inputs: fedInputs(annotated), targets: task.targets(outputs) };
  const border = suffix.inputs.map(({ name }) => name).filter((name) => name !== parameter);
  const perBatch = suffix.inputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  try {
    for await (const batches of chunks(batchesOf(data, feed), MOST_KEPT / perBatch)) {
      const kept: Tensors[] = [];
      for (const { fed } of batches) kept.push(await bordersOf(before, fed, border));
      for (const [i, variant] of variants.entries()) {
        after.load(parameter, variant);
        for (const [j, { targets, samples }] of batches.entries()) {
          const results = { ...kept[j], ...(await after.run(kept[j])) };
          const named = outputs.map(({ name }) => results[name]);
          const batch = { outputs: named, targets, samples, batch: feed.inputs[0].shape[0] };
          tallies[i].losses.add(batch);
          tallies[i].measures.add(batch);
        }
      }
    }
  } finally {
    await before?.release();
    await after.release();
  }
  return tallies.map(({ losses, measures }) => ({ ...losses.result(), ...measures.result() }));
}

/** Evaluates the whole network with each value, one after the other, and releases it. */
async function inTurn(
  evaluator: Evaluator,
  split: Split,
  parameter: string,
  variants: readonly FloatTensor[],
): Promise<Evaluation[]> {
  const found: Evaluation[] = [];
  try {
    for (const variant of variants) {
      evaluator.load(new Map([[parameter, variant]]));
      found.push(await evaluator.evaluate(split));
    }
  } finally {
    await evaluator.release();
  }
  return found;
}

/** The values that the suffix reads, from the prefix or from what is fed. */
async function bordersOf(before: Program | undefined, feeds: Tensors, border: readonly string[]): Promise<Tensors> {
  const computed = { ...feeds, ...(await before?.run(feeds)) };
  return Object.fromEntries(border.map((name) => [name, computed[name]]));
}

/** The validation split in batches of one size; the last is filled up with samples that do not count. */
async function* batchesOf(data: LearningData, feed: Feed) {
  const split = routed(data.validation, routesFor(feed, data));
  const [batch] = feed.inputs[0].shape;
  for (let start = 0; start < split.size; start += batch) {
    const samples = Math.min(batch, split.size - start);
    const { tensors, arrays } = batchOf(fedTensors(feed), batch);
    await readInOrder(split, start, samples, arrays);
    yield {
      fed: Object.fromEntries(feed.inputs.map(({ name }) => [name, tensors[name]])),
      targets: feed.targets.map(({ name }) => tensors[targetOf(name)]),
      samples,
    };
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
