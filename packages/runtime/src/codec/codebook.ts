import { type BitCoder, codeBits, powerOf2 } from "./bit-coder.ts";
import { Damage } from "./damage.ts";
import { Mixer } from "./mixer.ts";

/** How the bits of an element stand for a number: what orders a codebook. */
export interface WordFormat {
  /** Bits of an element: 8, 16 or 32. */
  readonly width: number;
  /** Low bits that are zero in every element. */
  readonly shift: number;
  /** Whether the highest bit is the sign of the magnitude in the others, as in floats, or the words are two's complement. */
  readonly float: boolean;
}

/** The place of a word in the order of the numbers that words stand for, from 0. Its own inverse: {@link wordAt}. */
export function rankOf(word: number, { width, shift, float }: WordFormat): number {
  const sign = powerOf2(width - shift - 1);
  const bits = word >>> shift;
  if (bits < sign) return bits + sign;
  return float ? 2 * sign - 1 - bits : bits - sign;
}

/** The word at a place in the order of {@link rankOf}. */
function wordAt(rank: number, { width, shift, float }: WordFormat): number {
  const sign = powerOf2(width - shift - 1);
  const bits = rank >= sign ? rank - sign : float ? 2 * sign - 1 - rank : rank + sign;
  return bits * powerOf2(shift);
}

/** The most entries that a codebook can have. */
export const LONGEST_CODEBOOK = 4096;

/**
 * Codes a codebook, in the order of its ranks: the first word's rank, then each difference from the one before.
 *
 * A difference is the number of its bits, which is learnt from those of the two before it, and then its bits behind the
 * first, which in trained weights are noise.
 * @throws Damage when a rank lies beyond the words
 */
export function codeCodebook(coder: BitCoder, words: Uint32Array, format: WordFormat): void {
  const mixer = new Mixer({ contexts: [64, 64 * 34], step: 328, inertia: 1 });
  mixer.select(1, 64 * 20);
  let rank = codeBits(coder, rankOf(words[0], format), format.width - format.shift);
  words[0] = wordAt(rank, format);
  let last = 20;
  for (let i = 1; i < words.length; i++) {
    const difference = rankOf(words[i], format) - rank;
    const length = mixer.codeSymbol(coder, 32 - Math.clz32(difference), 6);
    if (length < 1 || length > 32) throw new Damage("a difference of no such length");
    const first = powerOf2(length - 1);
    rank += first + codeBits(coder, difference - first, length - 1);
    if (rank >= powerOf2(format.width - format.shift)) throw new Damage("a rank beyond the words");
    words[i] = wordAt(rank, format);
    mixer.select(1, 64 * ((last + length) >> 1));
    last = length;
  }
}
