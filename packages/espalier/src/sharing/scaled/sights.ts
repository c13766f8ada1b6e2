import type { Split } from "../../data/dataset.ts";
import type { Engine, Tensors } from "../../engine/engine.ts";
import type { TypedModel, TypedValue } from "../../onnx/typed.ts";
import { type Feed, spread } from "../../training/feeding.ts";
import { type OpenStates, visits } from "../../training/visits.ts";

/** A batch on which a network is looked at. */
export interface Sight {
  readonly fed: Tensors;
  /** Whether nothing that came before it matters. */
  readonly begins: boolean;
}

/** The samples on which a network is looked at. */
export interface Sights {
  /** How many batches there are. */
  readonly count: number;
  /** The deviation of each output's numbers. */
  readonly scales: readonly number[];
  /** The batches; those that follow each other from the last to the first. */
  backwards(): Iterable<Sight> | AsyncIterable<Sight>;
}

/** More samples than this tell hardly more; */
const MOST_SAMPLES = 256;
/** of those that follow each other, which are much alike, more do. */
const MOST_IN_ORDER = 4096;

/** Batches from all of a split, of which each is read when its turn comes. */
export async function scattered(engine: Engine, typed: TypedModel, split: Split, feed: Feed): Promise<Sights> {
  const [batch] = feed.inputs[0].shape;
  const count = Math.min(Math.floor(split.size / batch), Math.max(1, Math.floor(MOST_SAMPLES / batch)));
  async function* batches(): AsyncGenerator<Sight> {
    for await (const fed of spread(split, feed, count)) yield { fed, begins: true };
  }
  const scales = new Scales(typed.outputs);
  const program = await engine.compile(typed);
  try {
    let looked = 0;
    for await (const { fed } of batches()) {
      scales.add(await program.run(fed));
      if (++looked === ENOUGH) break;
    }
  } finally {
    await program.release();
  }
  return { count, scales: scales.deviations(), backwards: batches };
}

/** Batches that tell how large outputs are. */
const ENOUGH = 16;

/** Batches that follow each other, with the states that the network has there. */
export async function inOrder(
  engine: Engine,
  typed: TypedModel,
  open: OpenStates,
  split: Split,
  feed: Feed,
): Promise<Sights> {
  const scales = new Scales(typed.outputs);
  const seen: Sight[] = [];
  for await (const { fed, begins, outputs } of visits(engine, open, split, feed, MOST_IN_ORDER)) {
    scales.add(outputs);
    seen.push({ fed, begins });
  }
  return { count: seen.length, scales: scales.deviations(), backwards: () => seen.toReversed() };
}

/** How far the numbers of outputs are from their mean. */
class Scales {
  readonly #outputs: readonly TypedValue[];
  readonly #sums: { sum: number; squares: number; count: number }[];

  constructor(outputs: readonly TypedValue[]) {
    this.#outputs = outputs;
    this.#sums = outputs.map(() => ({ sum: 0, squares: 0, count: 0 }));
  }

  add(results: Tensors): void {
    for (const [i, { name }] of this.#outputs.entries()) {
      for (const value of results[name].data) {
        this.#sums[i].sum += Number(value);
        this.#sums[i].squares += Number(value) ** 2;
      }
      this.#sums[i].count += results[name].data.length;
    }
  }

  deviations(): number[] {
    return this.#sums.map(({ sum, squares, count }) => deviation(sum / count, squares / count));
  }
}

/** Of numbers that are all but alike, their size. */
function deviation(mean: number, square: number): number {
  const variance = square - mean ** 2;
  return Math.sqrt(variance > 1e-6 * square ? variance : square);
}
