import type { BitCoder } from "espalier-runtime/codec";

const TOP = 0x1000000;
const CARRY = 0x100000000;

/** Writes what `RangeDecoder` of the runtime reads: a binary range coder that carries into the bytes written before. */
export class RangeEncoder implements BitCoder {
  #bytes = new Uint8Array(1 << 12);
  #length = 0;
  /** The lower end of the range, whose 33rd bit is a carry. */
  #low = 0;
  #range = 0xffffffff;
  /** The byte that a carry may still change, none at first, and how many 255s wait behind it. */
  #held = -1;
  #waiting = 0;

  code(bit: number, one: number): number {
    const bound = Math.imul(this.#range >>> 16, one) >>> 0;
    if (bit) {
      this.#range = bound;
    } else {
      this.#low += bound;
      this.#range -= bound;
    }
    this.#widen();
    return bit;
  }

  raw(value: number, bits: number): number {
    this.#range >>>= bits;
    this.#low += value * this.#range;
    this.#widen();
    return value;
  }

  /** Ends a code that other bytes may follow. */
  finishBeforeMore(): Uint8Array {
    // Whatever follows lies within the last 16 bits of the range, which has 24 and more.
    this.#low = Math.ceil(this.#low / 0x10000) * 0x10000;
    for (let i = 0; i < 3; i++) this.#shift();
    return this.#bytes.slice(0, this.#length);
  }

  /** Ends the code with the fewest bytes; zeros at the end are left out. */
  finish(): Uint8Array {
    const last = this.#low + this.#range - 1;
    for (let unit = CARRY; ; unit /= 2) {
      const value = Math.floor(last / unit) * unit;
      if (value < this.#low) continue;
      this.#low = value;
      break;
    }
    for (let i = 0; i < 5; i++) this.#shift();
    let length = this.#length;
    while (length > 0 && this.#bytes[length - 1] === 0) length--;
    return this.#bytes.slice(0, length);
  }

  #widen(): void {
    while (this.#range < TOP) {
      this.#range = (this.#range << 8) >>> 0;
      this.#shift();
    }
  }

  /** Moves the highest byte out, or lets it wait while it is 255: a carry may come yet. */
  #shift(): void {
    if (this.#low >= 0xff000000 && this.#low < CARRY) {
      this.#waiting++;
    } else {
      const carry = this.#low >= CARRY ? 1 : 0;
      if (this.#held >= 0) this.#write(this.#held + carry);
      for (; this.#waiting > 0; this.#waiting--) this.#write(255 + carry);
      this.#held = Math.floor(this.#low / TOP) & 255;
    }
    this.#low = (this.#low % TOP) * 256;
  }

  #write(byte: number): void {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#length++] = byte;
  }
}
