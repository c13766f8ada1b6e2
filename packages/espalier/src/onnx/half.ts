import type { NumericTensor } from "./tensor.ts";
import { type FloatTensor, float32 } from "./tensor.ts";

/** Types of weights other than float32: what they hold is trained in float32 and stored in its own type again. */
export const FLOATS = ["float16", "bfloat16", "float64"] as const;
export type StoredFloat = (typeof FLOATS)[number];

export function isStoredFloat(dtype: string): dtype is StoredFloat {
  return FLOATS.some((name) => name === dtype);
}

/** A tensor of any floating type as float32; undefined for other types. A double keeps 24 bits of its 53. */
export function toFloat32({ dtype, dims, data }: NumericTensor): FloatTensor | undefined {
  switch (dtype) {
    case "float32":
      return float32(dims, data as Float32Array);
    case "float64":
      return float32(dims, Float32Array.from(data as Float64Array));
    case "float16":
      return float32(dims, Float32Array.from(data as Uint16Array, fromHalf));
    case "bfloat16":
      return float32(dims, fromBits(Uint32Array.from(data as Uint16Array, (bits) => bits << 16)));
    default:
      return undefined;
  }
}

/**
 * Float32 numbers in the type of the tensor whose place they take. Halves are rounded to the nearest, even on ties, and
 * end at the type's largest number; zeros stay zeros. Elements of a double that did not change keep all of their bits.
 */
export function storedLike(original: NumericTensor, { dims, data }: FloatTensor): NumericTensor {
  const { dtype } = original;
  switch (dtype) {
    case "float64": {
      const before = original.data as Float64Array;
      const same = before.length === data.length;
      return {
        dtype,
        dims,
        data: Float64Array.from(data, (x, i) => (same && Math.fround(before[i]) === x ? before[i] : x)),
      };
    }
    case "float16":
      return { dtype, dims, data: Uint16Array.from(data, toHalf) };
    case "bfloat16":
      return { dtype, dims, data: Uint16Array.from(data, toBrain) };
    default:
      return { dtype: "float32", dims, data };
  }
}

function fromBits(bits: Uint32Array): Float32Array {
  return new Float32Array(bits.buffer);
}

/** IEEE 754 binary16: 1 sign, 5 exponent and 10 fraction bits. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const LARGEST_HALF = 65504;

function toHalf(x: number): number {
  if (Number.isNaN(x)) return 0x7e00;
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const size = Math.abs(x);
  if (size === Number.POSITIVE_INFINITY) return sign | 0x7c00;
  if (size > LARGEST_HALF) return sign | 0x7bff;
  // The distance of neighbours at this size; below 2^-14 it no longer shrinks.
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const steps = nearestEven(size / 2 ** (exponent - 10));
  // Counted in steps from the smallest number of this exponent, a carry goes into the exponent by itself.
  return sign | (((exponent + 14) << 10) + steps);
}

function nearestEven(x: number): number {
  const floor = Math.floor(x);
  const over = x - floor;
  return over > 0.5 || (over === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

const word = new Float32Array(1);
const wordBits = new Uint32Array(word.buffer);

/** The upper half of a float32, rounded. */
function toBrain(x: number): number {
  word[0] = x;
  const bits = wordBits[0];
  if (Number.isNaN(x)) return 0x7fc0;
  const upper = bits >>> 16;
  const lower = bits & 0xffff;
  const rounded = lower > 0x8000 || (lower === 0x8000 && upper & 1) ? upper + 1 : upper;
  // The exponent of all ones would be infinity.
  return Number.isFinite(x) && (rounded & 0x7f80) === 0x7f80 ? upper : rounded;
}
