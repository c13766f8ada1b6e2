import { UserError } from "../errors.ts";
import { type NumericType, type TensorData, zeros } from "../onnx/dtype.ts";
import { type NumericTensor, sizeOf } from "../onnx/tensor.ts";
import type { Preprocessing } from "./preprocessing.ts";
import type { Vocabulary } from "./text/vocabulary.ts";

/** One of the tensors that each sample has: its element type and its shape, without the batch. */
export interface TensorSpec {
  readonly name: string;
  readonly dtype: NumericType;
  readonly shape: readonly number[];
  /** Another type in which it can be read, where the samples are stored in it: bytes of pixels that are not scaled. */
  readonly stored?: NumericType;
}

/** Arrays to write a batch's tensors into, by their names, the samples one behind the other. */
export type Arrays = Readonly<Record<string, TensorData>>;

/** What samples that follow each other are: each goes on where the one before it ended, as of a text or a recording. */
export interface Stream {
  /** Of a text, how many characters all targets together stand for. */
  readonly characters?: number;
  /** Of recordings, the first sample of each, from 0 on: there the network begins anew. */
  readonly starts?: ArrayLike<number>;
}

/** A part of a dataset, read sample by sample. */
export interface Split {
  readonly size: number;
  /** Given where the samples follow each other. */
  readonly stream?: Stream;
  /**
   * Writes samples one behind the other: at once, or by the time that the promise which it gives is kept.
   * @param indices the samples, each 0 to size - 1
   * @param into arrays for the inputs and targets that are wanted, in their own element types; what is not among them
   * is not read
   */
  read(indices: ArrayLike<number>, into: Arrays): void | Promise<void>;
  /**
   * Tells which samples are read next, so that what takes long can begin while a step runs. What `read` gives is the same
   * whether or not it was told.
   */
  prepare?(indices: ArrayLike<number>): void;
}

/** Runs whose samples are told ahead, the one that is next among them: what is prepared may take a turn in each. */
export const RUNS_AHEAD = 3;

/** Samples in three parts: to learn from, to choose by, and to be judged by once. */
export interface Dataset {
  readonly name: string;
  /** What of a sample a network is given. */
  readonly inputs: readonly TensorSpec[];
  /** What its outputs are held against: class numbers, values, the tokens that follow; empty where nothing is known. */
  readonly targets: readonly TensorSpec[];
  /** How many classes there are, where targets are class numbers. */
  readonly classes?: number;
  /** Whether nobody said the labels, but files are called as if by classes: they count where a network has scores for these. */
  readonly inferred?: boolean;
  readonly train: Split;
  readonly validation: Split;
  readonly test: Split;
  /** Of a text, its tokens in the order of the classes. */
  readonly vocabulary?: Vocabulary;
  /** Of photographs, how they became the samples. */
  readonly preprocessing?: Preprocessing;
}

/** What is needed to learn and to choose: a dataset without its test split. */
export type LearningData = Omit<Dataset, "test">;

const MOST_IN_BATCH = 250;
/** Elements of a batch's samples: 16 MB of float32, of which a network makes many times as many on the way. */
const MOST_ELEMENTS = 2 ** 22;

/** Samples that follow each other are read as so many sequences side by side, each of which begins anew. */
const STREAMS = 16;

/** How many samples to run at a time where nothing is learned from them: fewer of large ones. */
export function batchFor({
  inputs,
  targets = [],
  train,
}: Pick<Dataset, "inputs"> & Partial<Pick<Dataset, "targets" | "train">>): number {
  if (train?.stream) return Math.min(STREAMS, train.stream.starts?.length ?? STREAMS);
  const read = inputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  // Labels take hardly any room; outputs that are imitated may take more than what is read.
  const size = targets.reduce((sum, { shape }) => sum + (shape.length > 0 ? sizeOf(shape) : 0), read);
  return Math.max(1, Math.min(MOST_IN_BATCH, Math.floor(MOST_ELEMENTS / size)));
}

/**
 * How many of the training samples validate where the data has no part for that: the last twelfth, and at least one.
 * @throws UserError where nothing would be left to learn from
 */
export function heldBack(size: number, source: string): number {
  const held = Math.max(1, Math.floor(size / 12));
  if (held < size) return held;
  throw new UserError(`${source} has ${size} training samples, too few to learn and to choose by: give more.`);
}

/** Room for a batch of some tensors. */
export interface Batch {
  /** The tensors [batch, ...shape] by name. */
  readonly tensors: Readonly<Record<string, NumericTensor>>;
  /** Their elements, as {@link Split.read} takes them. */
  readonly arrays: Arrays;
}

/** Makes room for so many samples of some tensors. */
export function batchOf(specs: readonly TensorSpec[], samples: number): Batch {
  const tensors: Record<string, NumericTensor> = {};
  const arrays: Record<string, TensorData> = {};
  for (const { name, dtype, shape } of specs) {
    const dims = [samples, ...shape];
    const data = zeros(dtype, sizeOf(dims));
    tensors[name] = { dtype, dims, data };
    arrays[name] = data;
  }
  return { tensors, arrays };
}

/** Reads `count` samples in their order, from `start` on. */
export function readInOrder(split: Split, start: number, count: number, into: Arrays): void | Promise<void> {
  return split.read(
    Uint32Array.from({ length: count }, (_, i) => start + i),
    into,
  );
}
