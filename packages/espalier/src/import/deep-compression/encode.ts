import { UserError } from "../../errors.ts";
import { GAP_BITS, packedBytes } from "./decode.ts";

/** A layer whose weights are shared: at most 2^bits - 1 different numbers beside zero. */
export interface SharedLayer {
  readonly name: string;
  /** Bits of a code: 8 for convolutions, 4 for fully connected layers. */
  readonly bits: 4 | 8;
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  /** What each code stands for, the first of them 0; left out: the numbers that occur, in their order. */
  readonly codebook?: Float32Array;
}

/** How far one entry reaches beyond the one before. */
const REACH = 2 ** GAP_BITS;

/**
 * Encodes layers in the form that {@link decodeDeepCompression} reads.
 * @throws UserError when a layer has more different weights than its codes tell apart
 */
export function encodeDeepCompression(layers: readonly SharedLayer[]): Uint8Array {
  const parts = layers.map((layer) => {
    const codebook = layer.codebook ?? codebookOf(layer);
    if (codebook.length !== 2 ** layer.bits || codebook[0] !== 0)
      throw new UserError(`The codebook of layer "${layer.name}" is not 0 and ${2 ** layer.bits - 1} numbers more.`);
    const entries = entriesOf(layer, codebook);
    const codes = layer.bits === 8 ? entries.codes : halves(entries.codes);
    return {
      count: entries.codes.length,
      bytes: [bytesOf(codebook), bytesOf(layer.bias), codes, halves(entries.gaps)],
    };
  });
  const counts = Uint32Array.from(parts, ({ count }) => count);
  const pieces = [bytesOf(counts), ...parts.flatMap(({ bytes }) => bytes)];
  const file = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    file.set(piece, at);
    at += piece.length;
  }
  return file;
}

/** Zero and the numbers that occur, from the smallest up, filled up with zeros. */
function codebookOf({ name, bits, weights }: SharedLayer): Float32Array {
  const found = new Set<number>();
  for (const w of weights) {
    if (w !== 0) found.add(w);
    if (found.size >= 2 ** bits || Number.isNaN(w)) {
      throw new UserError(
        `Layer "${name}" has more than ${2 ** bits - 1} different weights, or some that are not numbers: share its weights first.`,
      );
    }
  }
  const codebook = new Float32Array(2 ** bits);
  codebook.set(
    [...found].sort((a, b) => a - b),
    1,
  );
  return codebook;
}

/** The codes of the weights that are not zero and their gaps, with an entry of code 0 wherever a gap is too long. */
function entriesOf({ name, weights }: SharedLayer, codebook: Float32Array): { codes: Uint8Array; gaps: Uint8Array } {
  const codeOf = new Map<number, number>();
  for (const [code, value] of codebook.entries()) if (!codeOf.has(value)) codeOf.set(value, code);
  // Every entry is a weight, or bridges as many as an entry reaches.
  const most = weights.length;
  const codes = new Uint8Array(most);
  const gaps = new Uint8Array(most);
  let count = 0;
  let last = -1;
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue;
    for (; i - last > REACH; last += REACH) gaps[count++] = REACH - 1;
    const code = codeOf.get(weights[i]);
    if (code === undefined)
      throw new UserError(`The codebook of layer "${name}" lacks its weight ${weights[i]}: share its weights first.`);
    codes[count] = code;
    gaps[count++] = i - last - 1;
    last = i;
  }
  return { codes: codes.subarray(0, count), gaps: gaps.subarray(0, count) };
}

/** Two to a byte, the first in the low half. */
function halves(values: Uint8Array): Uint8Array {
  const packed = new Uint8Array(packedBytes(values.length, 4));
  for (let i = 0; i < values.length; i++) packed[i >> 1] |= values[i] << (4 * (i & 1));
  return packed;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Uint32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
