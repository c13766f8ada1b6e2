import { type CodePlaces, CodesMatrix } from "../codes-matrix.ts";
import { Constant } from "../constant.ts";
import { sizeOf } from "../elements.ts";
import { padded } from "../forms.ts";
import type { Planning, Value } from "../operator.ts";
import { convolve, filtersOver, layerOf, slide } from "./convolution.ts";
import type { Bytes, Filtering, Pair, Sums, Target } from "./whole-sums.ts";

/** Samples from which on a batch is multiplied at once. */
const BATCH = 4;
/** Taps up to which sums of products of bytes are exact in float32. */
const EXACT_TAPS = 2 ** 24 / 255 ** 2;

/** Weights as the kernels read them. */
interface Layer {
  readonly codes: CodesMatrix;
  /** The zero of each row, as its codes are stored; undefined where all are 0. */
  readonly zeros: Int32Array | undefined;
}

/** How far codes are moved so that they fit eight bits with a sign. */
export const shiftOf = (data: Int8Array | Uint8Array) => (data instanceof Uint8Array ? 128 : 0);

function layerWith(
  context: Planning,
  weights: Constant<"uint8" | "int8">,
  zero: Bytes | undefined,
  places: Omit<CodePlaces, "data" | "shift">,
): Layer {
  const { data } = weights;
  const shift = shiftOf(data);
  const given = context.constant(zero)?.data ?? new Int8Array(1);
  const zeros = Int32Array.from({ length: places.rows }, (_, row) => given[given.length === 1 ? 0 : row] - shift);
  const any = zeros.some((one) => one !== 0);
  const codes = context.held(new CodesMatrix(context.machine, { ...places, data, shift }, any));
  return { codes, zeros: any ? zeros : undefined };
}

/** True for one zero of all, or none. */
const isSingle = (zero: Value | undefined) => !zero || sizeOf(zero.dims) === 1;

/** True if the zeros of so many rows of weights are known. */
function areKnown(context: Planning, zero: Bytes | undefined, rows: number): boolean {
  return (
    !zero || (context.constant(zero) !== undefined && zero.dims.length < 2 && [1, rows].includes(sizeOf(zero.dims)))
  );
}

/** A product with a constant matrix, whose codes stay bytes; undefined where it is none. */
export function layered(
  context: Planning,
  { a, b, zeroOfA, zeroOfB }: Pair,
  turned: boolean,
  target: Target,
): Sums | undefined {
  const weights = context.constant(b);
  const [length, rows] = turned ? b.dims.slice().reverse() : b.dims;
  const fits = b.dims.length === 2 && a.dims.at(-1) === length;
  if (!weights || !fits || !isSingle(zeroOfA) || !areKnown(context, zeroOfB, rows)) return undefined;
  const columns = Int32Array.from({ length: 2 * Math.ceil(length / 2) }, (_, k) =>
    k < length ? k * (turned ? 1 : rows) : -1,
  );
  const { codes, zeros } = context.kept([b, zeroOfB], () =>
    layerWith(context, weights, zeroOfB, { rows, columns, step: turned ? length : 1 }),
  );
  const dims = [...a.dims.slice(0, -1), rows];
  const samples = sizeOf(a.dims.slice(0, -1));
  const at = target(dims);
  const { heap } = context.machine;
  const [input, zero] = [context.view(a), zeroOfA && context.view(zeroOfA)];
  const pitch = samples < BATCH ? 1 : padded(samples);
  const [pairs, result] = [context.scratch(codes.columns * pitch), context.scratch(codes.written * pitch)];
  const table = context.table(Array.from({ length: codes.columns }, (_, pair) => 4 * pair * pitch));
  /** Lays some samples as pairs of whole numbers. */
  const lay = (first: number, count: number) => {
    const [from, minus] = [input(), zero?.()[0] ?? 0];
    const to = new Int16Array(heap.buffer, pairs, 2 * codes.columns * pitch);
    if (length % 2 === 1) to.fill(0, 2 * (codes.columns - 1) * pitch);
    for (let n = 0; n < count; n++) {
      const start = (first + n) * length;
      for (let k = 0; k < length; k++) to[((k >> 1) * pitch + n) * 2 + (k & 1)] = from[start + k] - minus;
    }
  };
  /** Writes their sums row by row, less what the zeros of the weights take. */
  const write = (first: number, count: number) => {
    const from = heap.int32s(result, codes.written * pitch);
    const to = heap.int32s(at, samples * rows);
    for (let row = 0; row < rows; row++) {
      const minus = zeros?.[row] ?? 0;
      for (let n = 0; n < count; n++) {
        to[(first + n) * rows + row] = from[row * pitch + n] - (minus === 0 ? 0 : minus * from[rows * pitch + n]);
      }
    }
  };
  return {
    ...{ dims, channels: rows, inner: 1, at },
    run() {
      if (samples >= BATCH) {
        lay(0, samples);
        codes.correlate(table, pairs, result, pitch);
        write(0, samples);
      } else {
        for (let n = 0; n < samples; n++) {
          lay(n, 1);
          codes.multiply(pairs, result);
          write(n, 1);
        }
      }
    },
  };
}

/** A convolution by constant filters, whose codes stay bytes; undefined where it is none. */
export function slid(context: Planning, pair: Pair, attributes: Filtering, target: Target): Sums | undefined {
  const { a: x, b: w, zeroOfA, zeroOfB } = pair;
  const weights = context.constant(w);
  const [rows, ...window] = w.dims;
  const plain = weights && w.dims.length <= 4 && isSingle(zeroOfA) && areKnown(context, zeroOfB, rows);
  if (!plain) return undefined;
  if (attributes.group > 1) return grouped(context, weights, pair, attributes, target);
  const windows = filtersOver(context, x, w, attributes);
  const taps = sizeOf(windows.kernel);
  const planes = Math.ceil(window[0] / 2);
  const { codes, zeros } = context.kept([w, zeroOfB], () => {
    const columns = Int32Array.from({ length: 2 * planes * taps }, (_, i) => {
      const [pair, parity] = [i >> 1, i & 1];
      const channel = 2 * Math.floor(pair / taps) + parity;
      return channel < window[0] ? channel * taps + (pair % taps) : -1;
    });
    return layerWith(context, weights, zeroOfB, { rows, columns, step: sizeOf(window) });
  });
  const dims = [x.dims[0], rows, ...windows.output];
  const [samples, size, inner] = [x.dims[0], sizeOf(windows.input), sizeOf(windows.output)];
  const at = target(dims);
  const laid = context.scratch(samples * planes * size);
  const result = zeros ? context.scratch(samples * (rows + 1) * inner) : at;
  const convolution = slide(
    context,
    codes,
    { at: laid, dims: [samples, planes, ...windows.input] },
    result,
    windows,
    0,
  );
  const { heap, kernels } = context.machine;
  const [from, zero] = [context.at(x), zeroOfA && context.view(zeroOfA)];
  const signed = x.type === "int8" ? 1 : 0;
  return {
    ...{ dims, channels: rows, inner, at },
    run() {
      const minus = zero?.()[0] ?? 0;
      for (let n = 0; n < samples; n++) {
        kernels.pairPlanes(
          window[0],
          size,
          from + n * window[0] * size,
          laid + 4 * n * planes * size,
          4 * size,
          minus,
          signed,
        );
      }
      convolution();
      if (!zeros) return;
      const [sums, to] = [heap.int32s(result, samples * (rows + 1) * inner), heap.int32s(at, sizeOf(dims))];
      for (let n = 0, place = 0; n < samples; n++) {
        const start = n * (rows + 1) * inner;
        for (let row = 0; row < rows; row++) {
          for (let i = 0; i < inner; i++) {
            to[place++] = sums[start + row * inner + i] - zeros[row] * sums[start + rows * inner + i];
          }
        }
      }
    },
  };
}

/** Filters of some planes each, as float32, in which so few products of bytes are summed up exactly. */
function grouped(
  context: Planning,
  weights: Constant<"uint8" | "int8">,
  { a: x, b: w, zeroOfA, zeroOfB }: Pair,
  attributes: Filtering,
  target: Target,
): Sums | undefined {
  const taps = sizeOf(w.dims.slice(1));
  if (taps > EXACT_TAPS) return undefined;
  const windows = filtersOver(context, x, w, attributes);
  const layer = context.kept([w, zeroOfB], () => {
    const zeros = context.constant(zeroOfB)?.data ?? new Int8Array(1);
    const floats = Float32Array.from(
      weights.data,
      (code, i) => code - zeros[zeros.length === 1 ? 0 : Math.floor(i / taps)],
    );
    return layerOf(context, new Constant("float32", w.dims, floats), attributes.group, undefined);
  });
  const dims = [x.dims[0], w.dims[0], ...windows.output];
  const at = target(dims);
  const [size, made] = [sizeOf(x.dims), sizeOf(dims)];
  const [laid, result] = [context.scratch(size), context.scratch(made)];
  const from = { at: laid, dims: x.dims };
  const convolution = convolve(context, layer, taps, from, result, windows, Number.NEGATIVE_INFINITY);
  const { heap, kernels } = context.machine;
  const [input, zero] = [context.at(x), zeroOfA && context.view(zeroOfA)];
  const signed = x.type === "int8" ? 1 : 0;
  return {
    ...{ dims, channels: w.dims[0], inner: sizeOf(windows.output), at },
    run() {
      kernels.dequantize(size, input, laid, 1, zero?.()[0] ?? 0, signed);
      convolution();
      heap.int32s(at, made).set(heap.floats(result, made));
    },
  };
}
