import { type BitCoder, codeBits, powerOf2 } from "./bit-coder.ts";
import type { WordFormat } from "./codebook.ts";
import { Mixer } from "./mixer.ts";

/**
 * Codes elements as they are: their high bits in contexts, their low ones, which in trained weights are noise, raw.
 *
 * The high bits go in groups of up to 8. Each is learnt from the group above it, and from the same group of the element
 * before.
 */
export class WordModel {
  readonly #shift: number;
  readonly #unit: number;
  readonly #raw: number;
  readonly #groups: { readonly mixer: Mixer; readonly bits: number; readonly at: number; readonly unit: number }[] = [];
  readonly #before: Uint32Array;

  /** @param raw how many low bits above the format's shift are raw */
  constructor(format: WordFormat, raw: number) {
    this.#shift = format.shift;
    this.#unit = powerOf2(format.shift);
    this.#raw = raw;
    for (let at = format.width, above = 0; at > format.shift + raw; ) {
      const bits = Math.min(8, at - format.shift - raw);
      const contexts = [0, above, bits].map((known) => 1 << (known + bits));
      at -= bits;
      above = bits;
      this.#groups.push({ mixer: new Mixer({ contexts, step: 328, inertia: 1 }), bits, at, unit: powerOf2(at) });
    }
    this.#before = new Uint32Array(this.#groups.length);
  }

  startRow(): void {}

  code(coder: BitCoder, elements: Uint32Array, t: number): number {
    const word = elements[t];
    let coded = 0;
    let above = 0;
    for (let i = 0; i < this.#groups.length; i++) {
      const { mixer, bits, at, unit } = this.#groups[i];
      mixer.select(1, above << bits);
      mixer.select(2, this.#before[i] << bits);
      const group = mixer.codeSymbol(coder, (word >>> at) & ((1 << bits) - 1), bits);
      coded += group * unit;
      this.#before[i] = above = group;
    }
    const raw = this.#raw;
    const low = codeBits(coder, (word >>> this.#shift) & ~(-1 << raw), raw);
    return coded + low * this.#unit;
  }
}
