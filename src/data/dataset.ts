/** A part of a dataset, read sample by sample. */
export interface Split {
  readonly size: number;
  /**
   * Writes samples one after the other into `inputs`, and their classes into `labels`: at once, or by the time that
   * the promise which it gives is kept.
   * @param indices the samples, each 0 to size - 1
   */
  read(indices: ArrayLike<number>, inputs: Float32Array, labels: Int32Array): void | Promise<void>;
}

/** Labelled samples in three parts: to learn from, to choose by, and to be judged by once. */
export interface Dataset {
  readonly name: string;
  /** The shape of one sample, such as [1, 28, 28]. */
  readonly sampleShape: readonly number[];
  readonly classes: number;
  readonly train: Split;
  readonly validation: Split;
  readonly test: Split;
}

/** What is needed to learn and to choose: a dataset without its test split. */
export type LearningData = Omit<Dataset, "test">;

const MOST_IN_BATCH = 250;
/** Elements of a batch's samples: 16 MB of float32, of which a network makes many times as many on the way. */
const MOST_ELEMENTS = 2 ** 22;

/** How many samples to run at a time where nothing is learned from them: fewer of large ones. */
export function batchFor({ sampleShape }: Pick<Dataset, "sampleShape">): number {
  const size = sampleShape.reduce((product, dim) => product * dim, 1);
  return Math.max(1, Math.min(MOST_IN_BATCH, Math.floor(MOST_ELEMENTS / size)));
}

/** Reads `count` samples in their order, from `start` on. */
export function readInOrder(
  split: Split,
  start: number,
  count: number,
  inputs: Float32Array,
  labels: Int32Array,
): void | Promise<void> {
  return split.read(
    Uint32Array.from({ length: count }, (_, i) => start + i),
    inputs,
    labels,
  );
}
