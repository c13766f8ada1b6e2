import type { NumericType } from "../../onnx/dtype.ts";
import { type FloatTensor, float32, sizeOf } from "../../onnx/tensor.ts";

/**
 * A tensor of whole numbers, each times the scale of its output unit: element i is
 * scales[floor(i / inner) mod scales.length] * codes[i], exactly, as float32.
 */
export interface ScaledTensor {
  readonly dims: readonly number[];
  /** Elements that follow each other and have one scale: the product of the sizes behind the scaled axis. */
  readonly inner: number;
  /** Above zero, of twelve binary digits at most: one for each index of an axis, or one for all. */
  readonly scales: Float32Array;
  readonly codes: Int16Array;
}

/** Codes have eleven binary digits, so that their products with scales are exact in float32. */
export const MOST_CODE = 2047;

/** The tensor with its elements written out. */
export function writtenOut({ dims, inner, scales, codes }: ScaledTensor): FloatTensor {
  const data = new Float32Array(codes.length);
  for (let i = 0; i < codes.length; i++) data[i] = scales[Math.floor(i / inner) % scales.length] * codes[i];
  return float32(dims, data);
}

/** Scales are this many to the octave: to be off by half a step costs less than to tell finer ones apart. */
const TO_THE_OCTAVE = 4;

/** How many scales there are to the octave for weights of a type: halves have digits for powers of two alone. */
export function octaveOf(dtype: NumericType): number {
  return dtype === "float16" || dtype === "bfloat16" ? 1 : TO_THE_OCTAVE;
}

/** The scale that stands for a step: a power of two or a part of one, rounded to eight binary digits. */
export function scaleFor(step: number, toTheOctave = TO_THE_OCTAVE): number {
  const power = 2 ** (Math.round(Math.log2(step) * toTheOctave) / toTheOctave);
  const unit = 2 ** (Math.floor(Math.log2(power)) - 7);
  return Math.fround(Math.round(power / unit) * unit);
}

/** About what a tensor takes in a file: the entropy of its codes, and of its scales with a byte for each distinct one. */
export function scaledBytes({ codes, scales }: ScaledTensor): number {
  return (entropyOf(codes) + entropyOf(scales)) / 8 + new Set(scales).size;
}

/** Of all elements together, bits. */
export function entropyOf(values: Iterable<number> & { readonly length: number }): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= count * Math.log2(count / values.length);
  return bits;
}

/** Where the scale of each output unit lies in a tensor: how many there are, and how many elements follow each other. */
export interface Axis {
  readonly scales: number;
  readonly inner: number;
}

/** The scales of an axis of a tensor. */
export function alongAxis(dims: readonly number[], axis: number): Axis {
  return { scales: dims[axis], inner: sizeOf(dims.slice(axis + 1)) };
}
