import type { Adopted } from "../adoption/adopt.ts";
import { roomFor } from "../adoption/batch.ts";
import type { Head } from "../adoption/heads.ts";
import { batchFor, type Dataset, type Split, type TensorSpec } from "../data/dataset.ts";
import { isSequence } from "../data/streams.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import { sizeOf } from "../onnx/tensor.ts";
import { numbersOf } from "../tasks/fidelity/fidelity.ts";
import { Blanks, judgedBy } from "../tasks/fidelity/judged.ts";
import { imitate, imitationTargets } from "../tasks/imitate.ts";
import { asGiven } from "../tasks/imitation/probabilities.ts";
import { Spread } from "../tasks/imitation/spread.ts";
import type { Measure } from "../tasks/measure.ts";
import type { Task } from "../tasks/task.ts";
import { Evaluator } from "./evaluate.ts";

/** What a network imitates, and how it is judged. */
export interface ImitationOptions {
  /** By what: a name, or an object; default: what each output says. */
  readonly measure?: string | Measure;
  /** How much each output counts, by its name; default: 1. */
  readonly weights?: ReadonlyMap<string, number>;
  /** Numbers of the network's own outputs that are kept in memory; default: 512 MB of them. */
  readonly most?: number;
}

/** Data whose targets are what a network said of it before it was touched, and the task to say it again. */
export interface Imitation {
  readonly task: Task;
  readonly data: Dataset;
  /** What was chosen, in sentences. */
  readonly notes: readonly string[];
  /** Frees the network as it came; nothing can be read any more. */
  release(): Promise<void>;
}

/** 512 MB of float32. */
const MOST_IN_MEMORY = 2 ** 27;
/** Numbers that all values of a batch of the network may be together: 128 MB of float32. */
const MOST_VALUES = 2 ** 25;
/** Training samples whose outputs tell how much each output says. */
const LOOK = 256;

/**
 * Makes a network's own outputs the targets of some data. They are computed once, when the first of a split are read,
 * and kept as far as there is room; those that have none are computed each time.
 * @param adopted the network with all of its outputs
 * @throws UserError where its outputs are not finite, or a measure does not fit them
 */
export async function imitationOf(
  engine: Engine,
  { model, heads = [], samples }: Pick<Adopted, "model" | "heads" | "samples">,
  given: Dataset,
  { measure, weights = new Map(), most = MOST_IN_MEMORY }: ImitationOptions = {},
): Promise<Imitation> {
  if (heads.every(({ kind }) => kind === "whole")) {
    throw new UserError(`No output of the network "${model.name}" is of floats: there is nothing to learn from.`);
  }
  const unlabeled: Dataset = { ...given, targets: [], classes: undefined, vocabulary: undefined };
  const typed = await annotate(engine, model, { batch: samples });
  const batch = roomFor(typed, MOST_VALUES, batchFor(unlabeled), samples);
  const teacher = await Evaluator.create(engine, model, unlabeled, [], { batch });
  try {
    const { spreads, blanks } = await look(teacher, given.train, heads, unlabeled.name);
    const notes: string[] = [];
    const outputs = heads.map((head, i) => ({ head, weight: weights.get(head.name) ?? 1, spread: spreads[i] }));
    const convert = (values: Float32Array, output: number) => asGiven(values, heads[output]);
    const judged = judgedBy(
      heads,
      measure,
      (i) => blanks.partOf(i),
      (text) => notes.push(text),
      convert,
    );
    const task = imitate(outputs, samples, judged);
    const targets = imitationTargets(heads, samples);
    const sizes = targets.map(({ shape }) => sizeOf(shape));
    const budget = { left: most };
    const part = (split: Split) => withTargets(split, teacher, targets, sizes, budget);
    const validation = part(given.validation);
    const data = { ...unlabeled, targets, validation, train: part(given.train), test: part(given.test) };
    return { task, data, notes, release: () => teacher.release() };
  } catch (error) {
    await teacher.release();
    throw error;
  }
}

/** What some training samples tell of the network's outputs. */
async function look(teacher: Evaluator, train: Split, heads: readonly Head[], name: string) {
  const spreads = heads.map((head) => new Spread(head));
  const blanks = new Blanks(heads);
  let looked = 0;
  for await (const { outputs, samples, batch } of teacher.outputs(train)) {
    for (const [i, head] of heads.entries()) {
      const all = numbersOf(outputs[i]);
      const size = all.length / batch;
      for (let sample = 0; sample < samples; sample++) {
        const values = all.subarray(sample * size, (sample + 1) * size);
        if (!values.every(Number.isFinite)) {
          throw new UserError(
            `The output "${head.name}" of the network as it came is not finite on samples of ${name}: nothing can be compared with it.`,
          );
        }
        spreads[i].add(values);
      }
    }
    blanks.add(outputs, samples, batch);
    looked += samples;
    if (looked >= LOOK) break;
  }
  return { spreads: spreads.map(({ value }) => value), blanks };
}

/** A split whose targets are a network's outputs. */
function withTargets(
  split: Split,
  teacher: Evaluator,
  targets: readonly TensorSpec[],
  sizes: readonly number[],
  budget: { left: number },
): Split {
  let kept: Promise<readonly Float32Array[]> | undefined;
  const perSample = sizes.reduce((sum, size) => sum + size, 0);
  const keep = async () => {
    const count = Math.min(split.size, Math.floor(budget.left / perSample));
    if (count < split.size && isSequence(split)) {
      throw new UserError(
        `The outputs of the network on ${split.size} samples that follow each other have no room in memory: take less data, or fewer outputs.`,
      );
    }
    budget.left -= count * perSample;
    const arrays = sizes.map((size) => new Float32Array(count * size));
    await outputsOf(teacher, { ...split, size: count }, sizes, (sample, values) => {
      for (const [i, own] of values.entries()) arrays[i].set(own, sample * sizes[i]);
    });
    return arrays;
  };
  return {
    ...split,
    async read(indices, into) {
      const wanted = targets.flatMap(({ name }, i) => {
        const array = into[name];
        return array instanceof Float32Array ? [{ array, i }] : [];
      });
      await split.read(indices, into);
      if (wanted.length === 0) return;
      kept ??= keep();
      const arrays = await kept;
      const missing: number[] = [];
      for (let at = 0; at < indices.length; at++) {
        const sample = indices[at];
        if ((sample + 1) * perSample > arrays.reduce((sum, { length }) => sum + length, 0)) {
          missing.push(at);
          continue;
        }
        for (const { array, i } of wanted) {
          array.set(arrays[i].subarray(sample * sizes[i], (sample + 1) * sizes[i]), at * sizes[i]);
        }
      }
      if (missing.length === 0) return;
      const rest: Split = {
        size: missing.length,
        read: (places, given) =>
          split.read(
            Array.from(places, (place) => indices[missing[place]]),
            given,
          ),
      };
      await outputsOf(teacher, rest, sizes, (place, values) => {
        for (const { array, i } of wanted) array.set(values[i], missing[place] * sizes[i]);
      });
    },
  };
}

/** Runs a network on a split and gives the outputs of each sample. */
async function outputsOf(
  teacher: Evaluator,
  split: Split,
  sizes: readonly number[],
  each: (sample: number, values: readonly Float32Array[]) => void,
): Promise<void> {
  if (split.size === 0) return;
  for await (const { outputs, indices } of teacher.outputs(split)) {
    const all = outputs.map(numbersOf);
    for (const [row, sample] of indices.entries()) {
      each(
        sample,
        all.map((values, i) => values.subarray(row * sizes[i], (row + 1) * sizes[i])),
      );
    }
  }
}
