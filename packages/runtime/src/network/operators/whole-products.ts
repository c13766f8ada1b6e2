import { int } from "../attributes.ts";
import { type Numbers, sizeOf } from "../elements.ts";
import { needed, type Operators, operator, optional, type Planning, type Step, type Value } from "../operator.ts";
import { WINDOW_ATTRIBUTES } from "../windows.ts";
import { filtersOver } from "./convolution.ts";
import { correlation } from "./correlate.ts";
import { isBig } from "./elementwise.ts";
import { round } from "./math.ts";
import { RANGES } from "./quantization.ts";
import { broadcast, stretched } from "./shapes.ts";
import { FLOAT } from "./types.ts";

const BYTES: readonly ("uint8" | "int8")[] = ["uint8", "int8"];

/** What a product or convolution of bytes gives: its shape, and how its sums are written. */
interface Sums {
  readonly dims: readonly number[];
  write(to: Int32Array): void;
}

type Bytes = Value<"uint8" | "int8">;

/** Two tensors of bytes and their zeros: one for all, or one for each row of the first or column of the second. */
interface Pair {
  readonly a: Bytes;
  readonly b: Bytes;
  readonly zeroOfA: Bytes | undefined;
  readonly zeroOfB: Bytes | undefined;
}

/** Products of matrices of whole numbers, each less its zero. */
function products(context: Planning, { a, b, zeroOfA, zeroOfB }: Pair): Sums {
  const [rows, length] = a.dims.slice(-2);
  const [own, columns] = b.dims.slice(-2);
  if (a.dims.length < 2 || b.dims.length < 2 || own !== length) context.wrong(`multiplies [${a.dims}] by [${b.dims}]`);
  const batch = broadcast(context, a.dims.slice(0, -2), b.dims.slice(0, -2));
  const [ofA, ofB] = [stretched(a.dims.slice(0, -2), batch), stretched(b.dims.slice(0, -2), batch)];
  const [zerosA, zerosB] = [zerosOf(context, zeroOfA, rows), zerosOf(context, zeroOfB, columns)];
  const [left, right] = [context.view(a), context.view(b)];
  return {
    dims: [...batch, rows, columns],
    write(to) {
      const [x, y, zeroX, zeroY] = [left(), right(), zerosA(), zerosB()];
      for (let n = 0, at = 0; n < ofA.length; n++) {
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) {
            const [row, column] = [(ofA[n] * rows + i) * length, ofB[n] * length * columns + j];
            let sum = 0;
            for (let k = 0; k < length; k++) sum += (x[row + k] - zeroX[i]) * (y[column + k * columns] - zeroY[j]);
            to[at++] = sum;
          }
        }
      }
    },
  };
}

/** Convolutions of whole numbers, each less its zero: one for the image, and one for all filters or for each. */
function convolved(
  context: Planning,
  { a: x, b: w, zeroOfA: zeroOfX, zeroOfB: zeroOfW }: Pair,
  attributes: Parameters<typeof filtersOver>[3],
): Sums {
  const windows = filtersOver(context, x, w, attributes);
  const dims = [x.dims[0], w.dims[0], ...windows.output];
  const [image, filters] = [context.view(x), context.view(w)];
  const [ofX, ofW] = [zerosOf(context, zeroOfX, 1), zerosOf(context, zeroOfW, w.dims[0])];
  // Sums of products of bytes are exact in floats of 64 bits.
  const [from, factors] = [new Float32Array(sizeOf(x.dims)), new Float32Array(sizeOf(w.dims))];
  const sums = correlation(attributes.group, w.dims[1], windows, dims);
  const size = sizeOf(w.dims.slice(1));
  return {
    dims,
    write(to) {
      const [bytes, weights, zero, zeros] = [image(), filters(), ofX(), ofW()];
      for (let i = 0; i < from.length; i++) from[i] = bytes[i] - zero[0];
      for (let i = 0; i < factors.length; i++) factors[i] = weights[i] - zeros[Math.floor(i / size)];
      sums(from, factors, undefined, to);
    },
  };
}

/** Gives the sums themselves. */
function whole(context: Planning, { dims, write }: Sums): Step {
  const output = context.view(context.output("int32", dims));
  return () => write(output());
}

const integers = { a: needed(BYTES), b: needed(BYTES), zeroOfA: optional(BYTES), zeroOfB: optional(BYTES) };

const matMulInteger = operator({
  since: 10,
  inputs: integers,
  attributes: {},
  plan: (context) => whole(context, products(context, context.inputs)),
});

const filtering = { ...WINDOW_ATTRIBUTES, group: int(1) };

const convInteger = operator({
  since: 10,
  inputs: integers,
  attributes: filtering,
  plan: (context) => whole(context, convolved(context, context.inputs, context.attributes)),
});

interface Quantized {
  readonly scaleOfA: Value<"float32">;
  readonly scaleOfB: Value<"float32">;
  readonly scaleOfY: Value<"float32">;
  readonly zeroOfY: Bytes;
  readonly bias?: Value<"int32"> | undefined;
}

/**
 * Gives the sums as bytes again: round((sum + bias) a b / y) + zero, with the scales a, b and y.
 * @param inner the sums of one channel that lie one behind the other; a scale of b and a bias may be of a channel
 */
function requantized(context: Planning, sums: Sums, given: Quantized, channels: number, inner: number): Step {
  const { scaleOfA, scaleOfB, scaleOfY, zeroOfY, bias } = given;
  if (sizeOf(scaleOfA.dims) !== 1 || sizeOf(scaleOfY.dims) !== 1 || sizeOf(zeroOfY.dims) !== 1) {
    context.refuse("has scales of rows");
  }
  if (![1, channels].includes(sizeOf(scaleOfB.dims)) || (bias && sizeOf(bias.dims) !== channels)) {
    context.wrong(`scales ${channels} channels by [${scaleOfB.dims}]`);
  }
  const [least, most] = RANGES[zeroOfY.type];
  const room = new Int32Array(sizeOf(sums.dims));
  const output = context.view(context.output(zeroOfY.type, sums.dims));
  const [a, b, y] = [scaleOfA, scaleOfB, scaleOfY].map((value) => context.view(value));
  const [zero, biases] = [context.view(zeroOfY), bias && context.view(bias)];
  return () => {
    sums.write(room);
    const [to, scales, shifts, scaleA, scaleY, plus] = [output(), b(), biases?.(), a()[0], y()[0], zero()[0]];
    for (let i = 0; i < to.length; i++) {
      const channel = Math.floor(i / inner) % channels;
      const factor = Math.fround(Math.fround(scaleA * scales[scales.length === 1 ? 0 : channel]) / scaleY);
      const sum = Math.fround(room[i] + (shifts ? shifts[channel] : 0));
      to[i] = Math.min(Math.max(round(Math.fround(sum * factor)) + plus, least), most);
    }
  };
}

const quantized = {
  a: needed(BYTES),
  scaleOfA: needed(FLOAT),
  zeroOfA: needed(BYTES, { like: "a" }),
  b: needed(BYTES),
  scaleOfB: needed(FLOAT),
  zeroOfB: needed(BYTES, { like: "b" }),
  scaleOfY: needed(FLOAT),
  zeroOfY: needed(BYTES),
};

const qLinearMatMul = operator({
  since: 10,
  inputs: quantized,
  attributes: {},
  plan(context) {
    const sums = products(context, context.inputs);
    return requantized(context, sums, context.inputs, sums.dims[sums.dims.length - 1], 1);
  },
});

const qLinearConv = operator({
  since: 10,
  inputs: { ...quantized, bias: optional(["int32"]) },
  attributes: filtering,
  plan(context) {
    const sums = convolved(context, context.inputs, context.attributes);
    return requantized(context, sums, context.inputs, sums.dims[1], sizeOf(sums.dims.slice(2)));
  },
});

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

/** Products of whole numbers. */
export const wholeProductOperators: Operators = {
  MatMulInteger: matMulInteger,
  ConvInteger: convInteger,
  QLinearMatMul: qLinearMatMul,
  QLinearConv: qLinearConv,
};
