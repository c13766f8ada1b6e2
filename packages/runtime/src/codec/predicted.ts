import { type BitCoder, codeBits, codeNumber, powerOf2 } from "./bit-coder.ts";
import { Damage } from "./damage.ts";
import { MOST_IN_CONTEXTS } from "./element-type.ts";
import { Mixer } from "./mixer.ts";

/** Where a word may be found before: in this tensor, or in one that was kept. */
export interface Reference {
  /** 0 is this tensor, 1 the last that was kept, and so on. */
  readonly back: number;
  /** The word of row r and column x is likely to be the one at start + row * r + column * x, times a factor. */
  readonly start: number;
  readonly row: number;
  readonly column: number;
  /** The word of the factor, or 0 for none. */
  readonly factor: number;
}

const NONE = { back: 0, start: 0, row: 0, column: 0, factor: 0 };
/** The most references of a tensor. */
export const MOST_REFERENCES = 3;
/** Beside references: by the two words above, and by the word before. */
const ABOVE = MOST_REFERENCES;
const BEFORE = ABOVE + 1;
const WAYS = BEFORE + 1;
/** The magnitude of a float: what has a higher one than these is not finite. */
const MAGNITUDE = 0x7fffffff;
const INFINITE = 0x7f800000;
/** Where a guess from above is off by more bits than this, something new begins. */
const SURPRISE = 12;

/**
 * Codes words that follow from others: from those that they refer to, or from the two above them, as in a Fourier basis,
 * whose columns obey w[r] = c w[r - 1] - w[r - 2]; what is coded is how far the magnitude is off, in units in the last
 * place, and whether the sign is another one.
 * @param words what is coded; a decoder fills them
 * @param kept the tensors before that were kept
 * @param settle chooses the word at a place, of which another is expected: a writer that need not keep every word exactly
 */
export function codePredicted(
  coder: BitCoder,
  words: Uint32Array,
  rows: number,
  given: readonly Reference[],
  kept: readonly Uint32Array[],
  settle?: (place: number, expected: number) => number,
): void {
  const signed = (value: number) => {
    const code = codeNumber(coder, value < 0 ? -2 * value - 1 : 2 * value);
    if (code > 2 * MOST_IN_CONTEXTS) throw new Damage("a reference beyond all tensors");
    return code % 2 ? -(code + 1) / 2 : code / 2;
  };
  const references = Array.from({ length: coder.raw(given.length, 2) }, (_, i) => {
    const { back, start, row, column, factor } = given[i] ?? NONE;
    return {
      source: kept[kept.length - codeNumber(coder, back)] ?? words,
      start: signed(start),
      row: signed(row),
      column: signed(column),
      factor: codeBits(coder, factor, 32),
    };
  });
  const float = new Float32Array(1);
  const word = new Uint32Array(float.buffer);
  const floatOf = (bits: number) => {
    word[0] = bits;
    return float[0];
  };
  const columns = words.length / rows;
  const lengths = new Mixer({ contexts: [WAYS, 32 * WAYS, 32 * WAYS, 256].map((n) => 32 * n), step: 131, inertia: 1 });
  const signs = new Mixer({ contexts: [WAYS, 8 * WAYS, 4 * WAYS], step: 131, inertia: 1 });
  const above = new Uint8Array(columns);
  const turned = new Uint8Array(columns);
  const products = new Float64Array(columns);
  const squares = new Float64Array(columns);
  let t = 0;
  for (let r = 0; r < rows; r++) {
    let before = 0;
    let turns = 0;
    for (let x = 0; x < columns; x++, t++) {
      const up = floatOf(words[t - columns]);
      const higher = floatOf(words[t - 2 * columns]);
      let way = r > 1 ? ABOVE : BEFORE;
      word[0] = words[x > 0 ? t - 1 : t - columns];
      if (way === ABOVE) float[0] = (products[x] / squares[x]) * up - higher;
      for (let i = references.length - 1; i >= 0; i--) {
        const { source, start, row, column, factor } = references[i];
        const at = start + row * r + column * x;
        if (at < 0 || at >= (source === words ? t : source.length)) continue;
        way = i;
        word[0] = source[at];
        if (factor) float[0] = floatOf(factor) * floatOf(source[at]);
      }
      const predicted = (word[0] & MAGNITUDE) < INFINITE ? word[0] : 0;
      const near = predicted & MAGNITUDE;
      if (settle) words[t] = settle(t, predicted);
      signs.select(0, way);
      signs.select(1, 8 * way + turns);
      signs.select(2, 4 * way + turned[x]);
      const turn = signs.code(coder, (words[t] ^ predicted) >>> 31);
      turns = (2 * turns + turn) & 7;
      turned[x] = (2 * turned[x] + turn) & 3;
      [way, 32 * way + above[x], 32 * way + before, near >> 23].forEach((context, i) => {
        lengths.select(i, 32 * context);
      });
      const off = (words[t] & MAGNITUDE) - near;
      const length = lengths.codeSymbol(coder, 32 - Math.clz32(Math.abs(off)), 5);
      above[x] = before = length;
      // Whether it is less, and what lies below the first bit of how far.
      const half = length > 0 ? powerOf2(length - 1) : 0;
      const code = codeBits(coder, off < 0 ? -off : off - half, length);
      const magnitude = near + (length > 0 && code >= half ? -code : code + half);
      words[t] = ((predicted ^ (turn << 31)) & ~MAGNITUDE) | (magnitude & MAGNITUDE);
      if (way !== ABOVE) continue;
      const seen = length <= SURPRISE;
      products[x] = (seen ? products[x] : 0) + up * (floatOf(words[t]) + higher);
      squares[x] = (seen ? squares[x] : 0) + up * up;
    }
  }
}
