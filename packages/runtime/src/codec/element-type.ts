import { LARGEST_FILE } from "./container.ts";
import type { TensorHead } from "./messages.ts";
import { type View, viewOf } from "./view.ts";

/** Bits of an element by its TensorProto.DataType code in ONNX; 0 for those that are not stored as raw bytes. */
const BITS = [0, 32, 8, 8, 16, 16, 32, 64, 0, 8, 16, 64, 32, 64, 64, 128, 16, 8, 8, 8, 8, 4, 4, 4];
const FLOAT = 1;
const FLOAT16 = 10;
const BFLOAT16 = 16;

/** Tensors of more words are not coded in contexts: it takes up to 32 bytes for each word. */
export const MOST_IN_CONTEXTS = 2 ** 26;

/** A tensor as the words that are coded, little endian: of 8, 16 or 32 bits, whatever its elements are. */
export interface WordType {
  readonly bytes: number;
  /** Bits of a word. */
  readonly width: 8 | 16 | 32;
  /** Whether a word's highest bit is the sign of the magnitude in the others; else it is two's complement. */
  readonly float: boolean;
  /**
   * The view that the shape suggests: elements of 64 and 128 bits are kernels of words, those under 8 bits lie in one row
   * of bytes.
   */
  readonly view: View;
}

/** The same in a file of some version of the format. */
export interface CodedType extends WordType {
  readonly version: number;
}

/**
 * How a tensor of this type and shape is coded.
 * @returns undefined for a type without raw bytes, and for a tensor that has no bytes or more than a file
 */
export function wordsOf({ type, dims }: Pick<TensorHead, "type" | "dims">): WordType | undefined {
  const bits = BITS[type] ?? 0;
  const elements = dims.reduce((product, dim) => product * dim, 1);
  const bytes = Math.ceil((elements * bits) / 8);
  if (!(bytes > 0 && bytes <= LARGEST_FILE)) return undefined;
  const float = type === FLOAT || type === FLOAT16 || type === BFLOAT16;
  if (bits < 8) return { bytes, width: 8, float, view: viewOf([bytes]) };
  if (bits > 32) {
    const shape = dims.length === 1 ? [1, dims[0]] : dims;
    return { bytes, width: 32, float, view: viewOf([...shape, bits / 32]) };
  }
  return { bytes, width: bits as 8 | 16 | 32, float, view: viewOf(dims) };
}
