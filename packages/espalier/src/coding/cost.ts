import type { BitCoder } from "espalier-runtime/codec";

/** Counts the bits that a code would take, without writing it. */
export class Cost implements BitCoder {
  bits = 0;

  code(bit: number, one: number): number {
    this.bits -= Math.log2((bit ? one : 65536 - one) / 65536);
    return bit;
  }

  raw(value: number, bits: number): number {
    this.bits += bits;
    return value;
  }
}
