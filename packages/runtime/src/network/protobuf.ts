/** A field of a protobuf message: its number, and its varint or float32 value, or the bytes of what it holds. */
export interface Field {
  readonly number: number;
  readonly value: number;
  readonly bytes: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/**
 * Walks the fields of a message (protobuf's wire format).
 * @throws RangeError when it ends in the middle of a field
 */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  const reader = new Reader(message);
  while (!reader.ended) {
    const key = reader.varint();
    const number = Math.floor(key / 8);
    switch (key % 8) {
      case 0:
        yield { number, value: reader.varint(), bytes: NOTHING };
        break;
      case 1:
        yield { number, value: 0, bytes: reader.take(8) };
        break;
      case 2:
        yield { number, value: 0, bytes: reader.take(reader.varint()) };
        break;
      case 5: {
        const bytes = reader.take(4);
        yield { number, value: new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true), bytes: NOTHING };
        break;
      }
      default:
        throw new RangeError(`A field has the unknown wire type ${key % 8}.`);
    }
  }
}

/** The whole numbers of a repeated field, packed or not. */
export function wholesOf({ value, bytes }: Field): number[] {
  if (bytes.length === 0) return [value];
  const numbers: number[] = [];
  const reader = new Reader(bytes);
  while (!reader.ended) numbers.push(reader.varint());
  return numbers;
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** A number of up to 64 bits, signed. */
  varint(): number {
    const start = this.#at;
    let small = 0;
    for (let factor = 1; ; factor *= 128) {
      if (this.ended) throw new RangeError("A message ends in the middle of a number.");
      const byte = this.#bytes[this.#at++];
      small += (byte & 127) * factor;
      if (byte < 128) break;
    }
    // Up to seven bytes of seven bits are exact in a float64.
    return this.#at - start <= 7 ? small : this.#large(start);
  }

  #large(start: number): number {
    let value = 0n;
    for (let i = this.#at - 1; i >= start; i--) value = value * 128n + BigInt(this.#bytes[i] & 127);
    return Number(BigInt.asIntN(64, value));
  }

  take(size: number): Uint8Array {
    if (!(size >= 0 && size <= this.#bytes.length - this.#at)) {
      throw new RangeError("A field reaches past the end of its message.");
    }
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }
}
