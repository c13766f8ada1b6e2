import type { BitCoder } from "espalier-runtime/codec";

/** Far above the least that a float holds, times the least probability. */
const SMALL = 2 ** -900;

/** Counts the bits that a code would take, without writing it. */
export class Cost implements BitCoder {
  #bits = 0;
  /** The probability of all decisions that are not counted in bits yet: one logarithm serves many. */
  #product = 1;

  get bits(): number {
    return this.#bits - Math.log2(this.#product);
  }

  code(bit: number, one: number): number {
    this.#product *= (bit ? one : 65536 - one) / 65536;
    if (this.#product < SMALL) {
      this.#bits -= Math.log2(this.#product);
      this.#product = 1;
    }
    return bit;
  }

  raw(value: number, bits: number): number {
    this.#bits += bits;
    return value;
  }
}
