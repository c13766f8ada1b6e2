import { sizeOf } from "../../onnx/tensor.ts";

/** The symbol for the size of a batch, which ONNX keeps open and Caffe writes as a number. */
export const BATCH = "batch";

export type Size = number | typeof BATCH;

/** A blob's shape; the batch is its first axis unless a layer has moved it. */
export type Shape = readonly Size[];

/** What a layer reads: a value of the graph, with its shape. */
export interface Blob {
  readonly value: string;
  readonly shape: Shape;
  /** Statistics that are still to be applied: the layer that reads the blob scales and normalizes in one. */
  readonly normalization?: Normalization;
}

/** The trained statistics of a BatchNorm layer. */
export interface Normalization {
  readonly mean: string;
  readonly variance: string;
  readonly epsilon: number;
}

/** How many numbers one sample has. */
export function sampleSize(shape: Shape): number {
  return sizeOf(shape.filter((size) => size !== BATCH));
}

/** Sizes of axes that are not the batch; undefined where one is. */
export function numbers(shape: Shape): number[] | undefined {
  const sizes = shape.filter((size) => size !== BATCH);
  return sizes.length === shape.length ? sizes : undefined;
}

/** As in Caffe. */
const MOST_AXES = 32;
const LONGEST_AXIS = 2 ** 24;
const LARGEST_SAMPLE = 2 ** 28;

/** What keeps a shape from being taken; undefined for those that networks have. */
export function tooLarge(shape: Shape): string | undefined {
  if (shape.length > MOST_AXES) return `a blob of ${shape.length} axes`;
  const fits = shape.every((size) => size === BATCH || (Number.isInteger(size) && size >= 1 && size <= LONGEST_AXIS));
  return fits && sampleSize(shape) <= LARGEST_SAMPLE ? undefined : `a blob of [${shape}]`;
}
