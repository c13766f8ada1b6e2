import type { BitCoder } from "./bit-coder.ts";

/** Below this the range is widened by a byte. */
const TOP = 0x1000000;

/**
 * Decodes what a binary range coder wrote (Martin, 1979; in the form without carries of the LZMA decoder).
 * Behind the end of its bytes it reads zeros, which the encoder leaves out.
 */
export class RangeDecoder implements BitCoder {
  readonly #bytes: Uint8Array;
  #at = 0;
  #range = 0xffffffff;
  #code = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    for (let i = 0; i < 4; i++) this.#code = ((this.#code << 8) | this.#next()) >>> 0;
  }

  code(_bit: number, one: number): number {
    const bound = Math.imul(this.#range >>> 16, one) >>> 0;
    let bit = 0;
    if (this.#code < bound) {
      this.#range = bound;
      bit = 1;
    } else {
      this.#code -= bound;
      this.#range -= bound;
    }
    this.#widen();
    return bit;
  }

  raw(_value: number, bits: number): number {
    this.#range >>>= bits;
    // Bytes that no encoder wrote may ask for more than there is.
    const value = Math.min((this.#code / this.#range) >>> 0, (1 << bits) - 1);
    this.#code -= value * this.#range;
    this.#widen();
    return value;
  }

  #widen(): void {
    while (this.#range < TOP) {
      this.#range = (this.#range << 8) >>> 0;
      this.#code = ((this.#code << 8) | this.#next()) >>> 0;
    }
  }

  #next(): number {
    return this.#at < this.#bytes.length ? this.#bytes[this.#at++] : 0;
  }
}
