import type { Vocabulary } from "./text/vocabulary.ts";

/** A part of a dataset, read sample by sample. */
export interface Split {
  readonly size: number;
  /** Labels of each sample; default 1. Of a text, the tokens that follow those of a window. */
  readonly labels?: number;
  /** Of a text, how many characters all the labels are: samples then follow each other, each where the last ended. */
  readonly characters?: number;
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
  /** Where a sample is what several inputs take, one behind the other: the shape of each. */
  readonly inputs?: readonly (readonly number[])[];
  readonly classes: number;
  readonly train: Split;
  readonly validation: Split;
  readonly test: Split;
  /** Of a text, its tokens in the order of the classes. */
  readonly vocabulary?: Vocabulary;
}

/** What is needed to learn and to choose: a dataset without its test split. */
export type LearningData = Omit<Dataset, "test">;

const MOST_IN_BATCH = 250;
/** Elements of a batch's samples: 16 MB of float32, of which a network makes many times as many on the way. */
const MOST_ELEMENTS = 2 ** 22;

/** A text is read as so many sequences side by side, each of which begins without knowing what came before. */
const STREAMS = 16;

/** How many samples to run at a time where nothing is learned from them: fewer of large ones. */
export function batchFor({
  sampleShape,
  train,
}: Pick<Dataset, "sampleShape"> & Partial<Pick<Dataset, "train">>): number {
  if (train?.characters !== undefined) return STREAMS;
  const size = sampleShape.reduce((product, dim) => product * dim, 1);
  return Math.max(1, Math.min(MOST_IN_BATCH, Math.floor(MOST_ELEMENTS / size)));
}

/** Room for the labels of so many samples. */
export function labelsFor({ labels = 1 }: Split, samples: number): Int32Array<ArrayBuffer> {
  return new Int32Array(samples * labels);
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
