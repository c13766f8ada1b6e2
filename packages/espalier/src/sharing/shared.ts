import { UserError } from "../errors.ts";
import { type FloatTensor, float32 } from "../onnx/tensor.ts";

/** Codes are bytes. */
export const MOST_BITS = 8;

/** A tensor of few distinct values, its codebook: element i is values[codes[i]]. */
export interface SharedTensor {
  readonly dims: readonly number[];
  /** The codebook: ascending, distinct, each used by an element. Zero is exactly zero. */
  readonly values: Float32Array;
  readonly codes: Uint8Array;
  /** Where all values are whole multiples of one number: that number. */
  readonly step?: number;
}

/** The tensor with its elements written out. */
export function denseOf({ dims, values, codes }: SharedTensor): FloatTensor {
  const data = new Float32Array(codes.length);
  for (let i = 0; i < codes.length; i++) data[i] = values[codes[i]];
  return float32(dims, data);
}

/** The code of the connections that are cut; -1 where there are none. */
export function zeroCode({ values }: SharedTensor): number {
  return values.indexOf(0);
}

/** How many elements have each code. */
export function countCodes({ values, codes }: SharedTensor): Uint32Array {
  const counts = new Uint32Array(values.length);
  for (let i = 0; i < codes.length; i++) counts[codes[i]]++;
  return counts;
}

/** Bits of a code of fixed length. */
export function bitsOf({ values }: SharedTensor): number {
  return Math.ceil(Math.log2(Math.max(2, values.length)));
}

/**
 * Puts a codebook in order: ascending, without values that no element has, equal ones as one.
 * @param values as they come; codes refer to them
 */
export function inOrder({ dims, values, codes, step }: SharedTensor): SharedTensor {
  const counts = countCodes({ dims, values, codes });
  const used = Float32Array.from(
    [...values].filter((_, code) => counts[code] > 0),
    (v) => v + 0,
  ).sort();
  const distinct = used.filter((v, i) => i === 0 || v !== used[i - 1]);
  const renamed = Uint8Array.from(values, (v) => distinct.indexOf(v));
  const ordered = new Uint8Array(codes.length);
  for (let i = 0; i < codes.length; i++) ordered[i] = renamed[codes[i]];
  return { dims, values: distinct, codes: ordered, step };
}

/** @throws UserError where a weight is infinite or not a number */
export function checkFinite(name: string, { data }: FloatTensor): void {
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    throw new UserError(`"${name}" has a weight that is ${data[i]}: nothing can be shared with it; train it again.`);
  }
}
