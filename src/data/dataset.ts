/** A part of a dataset, read sample by sample. */
export interface Split {
  readonly size: number;
  /**
   * Writes samples one after the other into `inputs`, and their classes into `labels`.
   * @param indices the samples, each 0 to size - 1
   */
  read(indices: ArrayLike<number>, inputs: Float32Array, labels: Int32Array): void;
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

/** Reads `count` samples in their order, from `start` on. */
export function readInOrder(
  split: Split,
  start: number,
  count: number,
  inputs: Float32Array,
  labels: Int32Array,
): void {
  split.read(
    Uint32Array.from({ length: count }, (_, i) => start + i),
    inputs,
    labels,
  );
}
