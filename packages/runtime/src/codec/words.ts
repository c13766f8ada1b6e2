import { type BitCoder, codeBits, powerOf2 } from "./bit-coder.ts";
import type { WordFormat } from "./codebook.ts";
import { Mixer } from "./mixer.ts";

/** Bits of a word that are coded as one symbol. */
export interface BitGroup {
  readonly bits: number;
  /** How many bits of the word lie below. */
  readonly at: number;
  /** Bits of the group above it. */
  readonly above: number;
}

/** The groups, of up to 8 bits, in which words are coded, the highest first. @param raw how many low bits are in none */
export function bitGroups({ width, shift }: Pick<WordFormat, "width" | "shift">, raw: number): BitGroup[] {
  const groups: BitGroup[] = [];
  for (let end = width, above = 0; end > shift + raw; ) {
    const bits = Math.min(8, end - shift - raw);
    end -= bits;
    groups.push({ bits, at: end, above });
    above = bits;
  }
  return groups;
}

/** Codes one group of the bits of words: it is learnt from the group above it, and from the same of the word before. */
export class BitGroupModel {
  readonly at: number;
  readonly #bits: number;
  readonly #mixer: Mixer;
  #before = 0;

  constructor({ bits, at, above }: BitGroup) {
    this.at = at;
    this.#bits = bits;
    this.#mixer = new Mixer({
      contexts: [0, above, bits].map((known) => 1 << (known + bits)),
      step: 328,
      inertia: 1,
    });
  }

  /** @param above the group above it in the word */
  code(coder: BitCoder, word: number, above: number): number {
    const bits = this.#bits;
    this.#mixer.select(1, above << bits);
    this.#mixer.select(2, this.#before << bits);
    const group = this.#mixer.codeSymbol(coder, (word >>> this.at) & ((1 << bits) - 1), bits);
    this.#before = group;
    return group;
  }
}

/** Codes elements as they are: their high bits in contexts, their low ones, which in trained weights are noise, raw. */
export class WordModel {
  readonly #shift: number;
  readonly #unit: number;
  readonly #raw: number;
  readonly #groups: readonly BitGroupModel[];

  /** @param raw how many low bits above the format's shift are raw */
  constructor(format: WordFormat, raw: number) {
    this.#shift = format.shift;
    this.#unit = powerOf2(format.shift);
    this.#raw = raw;
    this.#groups = bitGroups(format, raw).map((group) => new BitGroupModel(group));
  }

  startRow(): void {}

  code(coder: BitCoder, elements: Uint32Array, t: number): number {
    const word = elements[t];
    let coded = 0;
    let above = 0;
    for (let i = 0; i < this.#groups.length; i++) {
      const group = this.#groups[i];
      above = group.code(coder, word, above);
      coded |= above << group.at;
    }
    const raw = this.#raw;
    const low = codeBits(coder, (word >>> this.#shift) & ~(-1 << raw), raw);
    return (coded >>> 0) + low * this.#unit;
  }
}
