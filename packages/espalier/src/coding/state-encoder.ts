import { spread } from "espalier-runtime/codec";

/** Writes bits from the last to the first, the order in which finite state coding makes them. */
export class BackwardBits {
  #bytes = new Uint8Array(1 << 12);
  /** Where the bytes begin that are written. */
  #at = this.#bytes.length;
  #held = 0;
  #count = 0;

  /** Puts a number of up to 16 bits before what is written. */
  write(value: number, bits: number): void {
    this.#held |= value << this.#count;
    this.#count += bits;
    while (this.#count >= 8) {
      if (this.#at === 0) this.#grow();
      this.#bytes[--this.#at] = this.#held & 255;
      this.#held >>>= 8;
      this.#count -= 8;
    }
  }

  /** The bits behind a 1 that marks where they begin. */
  finish(): Uint8Array {
    this.write(1, 1);
    this.write(0, (8 - this.#count) & 7);
    return this.#bytes.slice(this.#at);
  }

  #grow(): void {
    const { length } = this.#bytes;
    const larger = new Uint8Array(2 * length);
    larger.set(this.#bytes, length);
    this.#bytes = larger;
    this.#at = length;
  }
}

/** Encodes symbols by a table of finite state coding, the last first. */
export class StateEncoder {
  readonly #bits: BackwardBits;
  readonly #frequencies: Uint16Array;
  readonly #log: number;
  /** The states of each symbol, in ascending order, those of symbol 0 first. */
  readonly #states: Uint16Array;
  readonly #first: Uint32Array;
  #state = 0;

  constructor(bits: BackwardBits, frequencies: Uint16Array) {
    const symbols = spread(frequencies);
    let at = 0;
    this.#bits = bits;
    this.#frequencies = frequencies;
    this.#log = Math.log2(symbols.length);
    this.#first = Uint32Array.from(frequencies, (frequency) => {
      at += frequency;
      return at - frequency;
    });
    this.#states = new Uint16Array(symbols.length);
    const next = this.#first.slice();
    symbols.forEach((symbol, state) => {
      this.#states[next[symbol]++] = state;
    });
  }

  /** Goes to the state of a symbol from which a decoder comes to the state that was. */
  encode(symbol: number): void {
    const frequency = this.#frequencies[symbol];
    const target = this.#state + 2 ** this.#log;
    let bits = Math.clz32(frequency) - Math.clz32(target);
    if (target >>> bits < frequency) bits--;
    this.#bits.write(target & ((1 << bits) - 1), bits);
    this.#state = this.#states[this.#first[symbol] + (target >>> bits) - frequency];
  }

  /** Writes the state that a decoder begins in. */
  finish(): void {
    this.#bits.write(this.#state, this.#log);
  }
}
