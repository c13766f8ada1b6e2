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
  /** The range, and how far above its lower end the code is: in an array, since not every engine has fields of 32 bits. */
  readonly #state = Uint32Array.of(0xffffffff, 0);

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    for (let i = 0; i < 4; i++) this.#state[1] = (this.#state[1] << 8) | this.#next();
  }

  /** How many bytes it has read. */
  get position(): number {
    return Math.min(this.#at, this.#bytes.length);
  }

  code(_bit: number, one: number): number {
    const state = this.#state;
    const range = state[0];
    const code = state[1];
    const bound = Math.imul(range >>> 16, one) >>> 0;
    const bit = code < bound ? 1 : 0;
    if (bit) {
      state[0] = bound;
      if (bound < TOP) this.#widen();
    } else {
      state[0] = range - bound;
      state[1] = code - bound;
      if (range - bound < TOP) this.#widen();
    }
    return bit;
  }

  raw(_value: number, bits: number): number {
    const state = this.#state;
    const range = state[0] >>> bits;
    // Bytes that no encoder wrote may ask for more than there is.
    const value = Math.min((state[1] / range) >>> 0, (1 << bits) - 1);
    state[0] = range;
    state[1] -= value * range;
    this.#widen();
    return value;
  }

  #widen(): void {
    const state = this.#state;
    while (state[0] < TOP) {
      state[0] <<= 8;
      state[1] = (state[1] << 8) | this.#next();
    }
  }

  #next(): number {
    return this.#at < this.#bytes.length ? this.#bytes[this.#at++] : 0;
  }
}
