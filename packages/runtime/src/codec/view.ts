/**
 * How the elements of a tensor lie: rows (output units) of channels (input units) of a kernel whose lines have a width.
 *
 * A convolution [outputs, inputs, height, width] lies so by itself, and a matrix has kernels of one element. A matrix
 * [units, channels * height * width] that reads images is coded better as the kernels that it holds.
 */
export interface View {
  readonly rows: number;
  readonly channels: number;
  readonly kernel: number;
  readonly width: number;
}

/** Kernels have at most so many elements. */
export const LARGEST_KERNEL = 4096;

/**
 * The view that the shape of a tensor that is not empty suggests: one row where there are less than two dimensions, no
 * kernel beyond the limit.
 */
export function viewOf(dims: readonly number[]): View {
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (dims.length < 2) return { rows: 1, channels: size, kernel: 1, width: 1 };
  const [rows, channels] = dims;
  const kernel = size / rows / channels;
  if (kernel === 1 || kernel > LARGEST_KERNEL) return { rows, channels: size / rows, kernel: 1, width: 1 };
  return { rows, channels, kernel, width: dims.at(-1) ?? 1 };
}

/** Neighbours of a kernel place that come before it. */
export const LEFT = 1;
export const UP = 2;
export const UP_LEFT = 4;
export const UP_RIGHT = 8;

/** Which neighbours of each place are in the kernel too. */
export function neighboursIn({ kernel, width }: View): Uint8Array {
  return Uint8Array.from({ length: kernel }, (_, place) => {
    const x = place % width;
    const left = x > 0 ? LEFT : 0;
    const up = UP | (x > 0 ? UP_LEFT : 0) | (x < width - 1 ? UP_RIGHT : 0);
    return left | (place >= width ? up : 0);
  });
}
