import { type Numbers, sizeOf } from "../elements.ts";
import type { Planning, Step, Value } from "../operator.ts";
import { filtersOver } from "./convolution.ts";
import { correlation } from "./correlate.ts";
import { isBig } from "./elementwise.ts";
import { broadcast, stretched } from "./shapes.ts";

/** The sums that a product or convolution of whole numbers gives, as int32. */
export interface Sums {
  readonly dims: readonly number[];
  /** Outputs of which each may have a scale of its own, and the sums of one that lie one behind the other. */
  readonly channels: number;
  readonly inner: number;
  /** Where they come to lie. */
  readonly at: number;
  readonly run: Step;
}

export type Bytes = Value<"uint8" | "int8">;

/** Two tensors of bytes and their zeros: one for all, or one for each row of the first or column of the second. */
export interface Pair {
  readonly a: Bytes;
  readonly b: Bytes;
  readonly zeroOfA?: Bytes | undefined;
  readonly zeroOfB?: Bytes | undefined;
}

/** Where sums of a shape are to lie. */
export type Target = (dims: readonly number[]) => number;

/** Products of matrices of whole numbers, each less its zero, by their definition. */
export function products(context: Planning, { a, b, zeroOfA, zeroOfB }: Pair, turned: boolean, target: Target): Sums {
  const [rows, length] = a.dims.slice(-2);
  const [own, columns] = turned ? b.dims.slice(-2).reverse() : b.dims.slice(-2);
  if (a.dims.length < 2 || b.dims.length < 2 || own !== length) context.wrong(`multiplies [${a.dims}] by [${b.dims}]`);
  const batch = broadcast(context, a.dims.slice(0, -2), b.dims.slice(0, -2));
  const [ofA, ofB] = [stretched(a.dims.slice(0, -2), batch), stretched(b.dims.slice(0, -2), batch)];
  const [zerosA, zerosB] = [zerosOf(context, zeroOfA, rows), zerosOf(context, zeroOfB, columns)];
  const [left, right] = [context.view(a), context.view(b)];
  const [stepColumn, stepDown] = turned ? [length, 1] : [1, columns];
  const { heap } = context.machine;
  const dims = [...batch, rows, columns];
  const at = target(dims);
  return {
    ...{ dims, channels: columns, inner: 1, at },
    run() {
      const [x, y, zeroX, zeroY] = [left(), right(), zerosA(), zerosB()];
      const to = heap.int32s(at, sizeOf(dims));
      for (let n = 0, place = 0; n < ofA.length; n++) {
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) {
            const [row, column] = [(ofA[n] * rows + i) * length, ofB[n] * length * columns + j * stepColumn];
            let sum = 0;
            for (let k = 0; k < length; k++) sum += (x[row + k] - zeroX[i]) * (y[column + k * stepDown] - zeroY[j]);
            to[place++] = sum;
          }
        }
      }
    },
  };
}

export type Filtering = Parameters<typeof filtersOver>[3];

/** Convolutions of whole numbers by their definition: one zero for the image, and one for all filters or for each. */
export function convolved(
  context: Planning,
  { a: x, b: w, zeroOfA: zeroOfX, zeroOfB: zeroOfW }: Pair,
  attributes: Filtering,
  target: Target,
): Sums {
  const windows = filtersOver(context, x, w, attributes);
  const dims = [x.dims[0], w.dims[0], ...windows.output];
  const [image, filters] = [context.view(x), context.view(w)];
  const [ofX, ofW] = [zerosOf(context, zeroOfX, 1), zerosOf(context, zeroOfW, w.dims[0])];
  // Sums of products of bytes are exact in floats of 64 bits.
  const [from, factors] = [new Float32Array(sizeOf(x.dims)), new Float32Array(sizeOf(w.dims))];
  const sums = correlation(attributes.group, w.dims[1], windows, dims);
  const size = sizeOf(w.dims.slice(1));
  const { heap } = context.machine;
  const at = target(dims);
  return {
    ...{ dims, channels: w.dims[0], inner: sizeOf(windows.output), at },
    run() {
      const [bytes, weights, zero, zeros] = [image(), filters(), ofX(), ofW()];
      for (let i = 0; i < from.length; i++) from[i] = bytes[i] - zero[0];
      for (let i = 0; i < factors.length; i++) factors[i] = weights[i] - zeros[Math.floor(i / size)];
      sums(from, factors, undefined, heap.int32s(at, sizeOf(dims)));
    },
  };
}

/** So many zeros, of one that is given for all of them, or as many as there are, or none. */
function zerosOf(context: Planning, zero: Value | undefined, count: number): () => Numbers<"int32"> {
  const spread = new Int32Array(count);
  const view = zero && context.view(zero);
  if (zero && (zero.dims.length > 1 || ![1, count].includes(sizeOf(zero.dims))))
    context.refuse(`has zeros [${zero.dims}]`);
  return () => {
    const given = view?.();
    if (given && !isBig(given)) for (let i = 0; i < count; i++) spread[i] = given[given.length === 1 ? 0 : i];
    return spread;
  };
}
