import { LONGEST_MAGNITUDE } from "espalier-runtime/codec";
import { sizeOf } from "../onnx/tensor.ts";

/** The largest magnitude of a number that stands for a word. */
export const MOST = 2 ** LONGEST_MAGNITUDE - 1;
/** More scales are worth a try where they make the sum of the magnitudes smaller by this. */
const SMALLER = 0.75;
/** The smallest magnitude of a slice is taken for its step times 1, 2, ... up to this. */
const FACTORS = 127;

/** Floats as whole numbers times scales: w[i] = float32(scales[floor(i / inner) % scales.length] * numbers[i]). */
export interface Stepped {
  readonly numbers: Int32Array;
  readonly scales: Float32Array;
  readonly inner: number;
}

/**
 * Finds the scales that floats were made with, one for each slice along an axis, or for each of several axes behind one
 * another, from the floats alone: a slice's is the largest of which all its floats are multiples.
 * @returns each way that there is, but for those that cut the slices of another and have numbers that are hardly smaller;
 * none for floats that are no such products: minus zero, infinities, NaNs
 */
export function stepsOf(floats: Float32Array, dims: readonly number[]): Stepped[] {
  if (floats.some((w) => !Number.isFinite(w) || Object.is(w, -0))) return [];
  const found: { first: number; last: number; sum: number; stepped: Stepped }[] = [];
  const add = (first: number, last: number) => {
    const count = sizeOf(dims.slice(first, last));
    // Slices of one element are no slices.
    if (count === floats.length || (count === 1 && last > first)) return;
    const stepped = steppedBy(floats, count, floats.length / sizeOf(dims.slice(0, last)));
    if (!stepped) return;
    const sum = stepped.numbers.reduce((total, number) => total + Math.abs(number), 0);
    const within = found.filter((way) => way.first === way.last || (first <= way.first && way.last <= last));
    if (within.every((way) => sum < SMALLER * way.sum)) found.push({ first, last, sum, stepped });
  };
  add(0, 0);
  for (let axes = 1; axes <= dims.length; axes++) {
    for (let first = 0; first + axes <= dims.length; first++) add(first, first + axes);
  }
  return found.map(({ stepped }) => stepped);
}

function steppedBy(floats: Float32Array, count: number, inner: number): Stepped | undefined {
  const scales = new Float32Array(count);
  const magnitudes = new Float32Array(floats.length / count);
  const period = count * inner;
  for (let slice = 0; slice < count; slice++) {
    for (let from = slice * inner, i = 0; from < floats.length; from += period) {
      for (let t = from; t < from + inner; t++) magnitudes[i++] = Math.abs(floats[t]);
    }
    // A slice of zeros has the scale of the one before: it says nothing.
    scales[slice] = stepOf(magnitudes) ?? (slice > 0 ? scales[slice - 1] : 1);
    if (scales[slice] === 0) return undefined;
  }
  const numbers = new Int32Array(floats.length);
  for (let t = 0; t < floats.length; t++) {
    const scale = scales[Math.floor(t / inner) % count];
    numbers[t] = Math.round(floats[t] / scale);
    if (Math.abs(numbers[t]) > MOST || Math.fround(scale * numbers[t]) !== floats[t]) return undefined;
  }
  return { numbers, scales, inner };
}

/** The step of a slice: 0 where it has none, undefined where all of it is zero. */
function stepOf(magnitudes: Float32Array): number | undefined {
  let least = Number.POSITIVE_INFINITY;
  for (const magnitude of magnitudes) if (magnitude !== 0 && magnitude < least) least = magnitude;
  if (least === Number.POSITIVE_INFINITY) return undefined;
  return divisorOf(magnitudes) || roundedStepOf(magnitudes, least);
}

/** The greatest common divisor of floats, exactly; 0 where one is more than {@link MOST} times it. */
function divisorOf(magnitudes: Float32Array): number {
  let divisor = 0;
  let most = 0;
  for (const magnitude of magnitudes) {
    // The remainder of two floats is a float, and exact.
    for (let rest = magnitude; rest > 0; ) [divisor, rest] = [rest, divisor % rest];
    most = Math.max(most, magnitude);
    if (most > MOST * divisor) return 0;
  }
  return divisor;
}

/**
 * A scale whose products, each rounded to a float, are the floats: those that could have been rounded to the smallest of
 * them lie in an interval, and each other float makes it smaller.
 */
function roundedStepOf(magnitudes: Float32Array, least: number): number {
  factors: for (let factor = 1; factor <= FACTORS; factor++) {
    let [from, to] = intervalOf(least, factor);
    for (const magnitude of magnitudes) {
      if (magnitude === 0) continue;
      const number = Math.round((2 * magnitude) / (from + to));
      if (number > MOST) continue factors;
      const [low, high] = intervalOf(magnitude, number);
      from = Math.max(from, low);
      to = Math.min(to, high);
      if (from > to) continue factors;
    }
    const scale = Math.fround((from + to) / 2);
    // Whoever asks tries the products themselves.
    if (scale >= from && scale <= to) return scale;
  }
  return 0;
}

/** Half a unit in the last place of a float by its exponent; those below the least exponent have units of that. */
const HALVES = Float64Array.from({ length: 256 }, (_, exponent) => 2 ** (Math.max(1, exponent) - 151));

/** Where a scale lies whose product with a number is rounded to a float: half a unit in the last place around it. */
function intervalOf(magnitude: number, number: number): [number, number] {
  const half = HALVES[exponentOf(magnitude)];
  return [(magnitude - half) / number, (magnitude + half) / number];
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The eight bits of a float's exponent. */
function exponentOf(magnitude: number): number {
  float[0] = magnitude;
  return bits[0] >>> 23;
}
