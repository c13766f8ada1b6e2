import { type FloatTensor, float32, sizeOf } from "../../src/onnx/tensor.ts";

/** Where an index [n, c, ...] lies in row-major order; undefined outside. */
function offset(dims: readonly number[], index: readonly number[]): number | undefined {
  let at = 0;
  for (const [axis, size] of dims.entries()) {
    if (index[axis] < 0 || index[axis] >= size) return undefined;
    at = at * size + index[axis];
  }
  return at;
}

/** The number at an index; zero outside. */
export function at({ dims, data }: FloatTensor, ...index: number[]): number {
  return data[offset(dims, index) ?? -1] ?? 0;
}

/** All indices of a shape, in row-major order. */
export function* indices(dims: readonly number[]): Generator<number[]> {
  for (let flat = 0; flat < sizeOf(dims); flat++) {
    let rest = flat;
    const index = dims.map(() => 0);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      index[axis] = rest % dims[axis];
      rest = Math.floor(rest / dims[axis]);
    }
    yield index;
  }
}

/** A tensor from the number at each index. */
export function build(dims: readonly number[], value: (...index: number[]) => number): FloatTensor {
  return float32(
    dims,
    Float32Array.from(indices(dims), (index) => value(...index)),
  );
}

/** A tensor of the same shape from each number of another. */
export function map(x: FloatTensor, value: (x: number, ...index: number[]) => number): FloatTensor {
  return build(x.dims, (...index) => value(at(x, ...index), ...index));
}

interface Window {
  readonly kernel: readonly [number, number];
  readonly stride?: readonly [number, number];
  readonly pad?: readonly [number, number];
}

/** Convolution, one multiplication after the other. */
export function convolve(
  x: FloatTensor,
  w: FloatTensor,
  bias: FloatTensor | undefined,
  {
    kernel,
    stride = [1, 1],
    pad = [0, 0],
    dilation = [1, 1],
    group = 1,
  }: Window & { dilation?: readonly [number, number]; group?: number },
): FloatTensor {
  const [batch, channels, height, width] = x.dims;
  const [outputs] = w.dims;
  const places = [height, width].map(
    (n, i) => Math.floor((n + 2 * pad[i] - dilation[i] * (kernel[i] - 1) - 1) / stride[i]) + 1,
  );
  return build([batch, outputs, ...places], (n, o, y, z) => {
    let sum = bias ? at(bias, o) : 0;
    const first = Math.floor(o / (outputs / group)) * (channels / group);
    for (const [c, i, j] of indices([channels / group, ...kernel])) {
      const row = y * stride[0] - pad[0] + i * dilation[0];
      const column = z * stride[1] - pad[1] + j * dilation[1];
      sum += at(w, o, c, i, j) * at(x, n, first + c, row, column);
    }
    return sum;
  });
}

/** Transposed convolution: each input is added, times the kernel, where a convolution would have read it. */
export function deconvolve(
  x: FloatTensor,
  w: FloatTensor,
  bias: FloatTensor | undefined,
  { kernel, stride = [1, 1], pad = [0, 0], group = 1 }: Window & { group?: number },
): FloatTensor {
  const [batch, channels, height, width] = x.dims;
  const perGroup = w.dims[1];
  const places = [height, width].map((n, i) => stride[i] * (n - 1) + kernel[i] - 2 * pad[i]);
  const y = build([batch, perGroup * group, ...places], (_, o) => (bias ? at(bias, o) : 0));
  for (const [n, c, r, s] of indices(x.dims)) {
    const first = Math.floor(c / (channels / group)) * perGroup;
    for (const [o, i, j] of indices([perGroup, ...kernel])) {
      const place = offset(y.dims, [n, first + o, r * stride[0] - pad[0] + i, s * stride[1] - pad[1] + j]);
      if (place !== undefined) y.data[place] += at(x, n, c, r, s) * at(w, c, o, i, j);
    }
  }
  return y;
}

/** Pooling as Caffe's documentation and users have it: places rounded up, the last window begins inside the padded image. */
export function pool(
  x: FloatTensor,
  method: "MAX" | "AVE",
  { kernel, stride = [1, 1], pad = [0, 0], floor = false }: Window & { floor?: boolean },
): FloatTensor {
  const size = x.dims.slice(2);
  const places = size.map((n, i) => {
    // Counted, not computed: begin windows until one reaches the end, or would begin beyond it.
    let count = 1;
    for (;;) {
      const begin = count * stride[i];
      const reached = begin - stride[i] + kernel[i] >= n + 2 * pad[i];
      if (reached || (floor && begin + kernel[i] > n + 2 * pad[i])) break;
      if (pad.some((p) => p > 0) && begin >= n + pad[i]) break;
      count++;
    }
    return count;
  });
  return build([x.dims[0], x.dims[1], ...places], (n, c, y, z) => {
    const begin = [y, z].map((place, i) => place * stride[i] - pad[i]);
    const end = begin.map((from, i) => Math.min(from + kernel[i], size[i] + pad[i]));
    let largest = Number.NEGATIVE_INFINITY;
    let sum = 0;
    for (let i = Math.max(0, begin[0]); i < Math.min(end[0], size[0]); i++) {
      for (let j = Math.max(0, begin[1]); j < Math.min(end[1], size[1]); j++) {
        largest = Math.max(largest, at(x, n, c, i, j));
        sum += at(x, n, c, i, j);
      }
    }
    return method === "MAX" ? largest : sum / ((end[0] - begin[0]) * (end[1] - begin[1]));
  });
}

/** [rows, inputs] times [outputs, inputs], and a bias. */
export function product(x: FloatTensor, w: FloatTensor, bias?: FloatTensor): FloatTensor {
  const inputs = w.dims[1];
  const rows = x.data.length / inputs;
  return build([rows, w.dims[0]], (n, o) => {
    let sum = bias ? at(bias, o) : 0;
    for (let i = 0; i < inputs; i++) sum += x.data[n * inputs + i] * at(w, o, i);
    return sum;
  });
}

/** The same numbers in another shape. */
export const as = (x: FloatTensor, ...dims: number[]): FloatTensor => float32(dims, x.data);
