import type { Split } from "../data/dataset.ts";
import type { NumericTensor } from "../onnx/tensor.ts";

/** A batch that a network was run on. */
export interface JudgedBatch {
  /** The network's outputs [batch, ...]. */
  readonly outputs: readonly NumericTensor[];
  /** The task's targets [batch, ...]. */
  readonly targets: readonly NumericTensor[];
  /** Samples that count: the first of the batch. */
  readonly samples: number;
  /** Samples in all, with those that fill it up; default: the first axis of the first output. */
  readonly batch?: number;
}

/** Adds something up over the batches of a split. */
export interface Tally<Result> {
  /** Counts a batch. */
  add(batch: JudgedBatch): void;
  /** What all batches so far come to. */
  result(): Result;
}

/** What a measure says of a network on a split. */
export interface Measured {
  readonly value: number;
  /** What else it tells, by the names of JSON's fields: of a classifier error, top1 and top5. */
  readonly figures: Readonly<Record<string, number>>;
}

/** How well a network does what it is for, as one number. */
export interface Measure {
  readonly name: string;
  /** "%" or another unit, which follows its numbers. */
  readonly unit: string;
  /** Which of two numbers is the better one. */
  readonly better: "higher" | "lower";
  /** Begins to judge a network on a split. */
  tally(split: Split): Tally<Measured>;
  /**
   * By how much two networks of one quality may differ by chance alone: one standard error.
   * Default: chance is not allowed for.
   * @param value about which they lie
   * @param measured one of them on the samples on which both are compared
   */
  chance?(value: number, measured: Measured & { readonly samples: number }): number;
}

/** Returns true if one value of a measure is better than another. */
export function isBetter({ better }: Pick<Measure, "better">, a: number, b: number): boolean {
  return better === "higher" ? a > b : a < b;
}

/** Returns true if a value of a measure is as good as a limit, or better. */
export function reaches({ better }: Pick<Measure, "better">, value: number, limit: number): boolean {
  return better === "higher" ? value >= limit : value <= limit;
}

/** A value of a measure, worse by a loss. */
export function worsened({ better }: Pick<Measure, "better">, value: number, loss: number): number {
  return better === "higher" ? value - loss : value + loss;
}

/** What is told of a measure beside its numbers. */
export function about({ name, unit, better }: Measure): Pick<Measure, "name" | "unit" | "better"> {
  return { name, unit, better };
}
