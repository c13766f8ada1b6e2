import { UnsupportedError } from "../errors.ts";

/** A field of a protobuf message: its number, its varint or float32 value, and the bytes of what it holds. */
export interface Field {
  readonly number: number;
  readonly value: number;
  readonly bytes: Uint8Array;
}

/**
 * Walks the fields of a message (protobuf's wire format).
 * @throws RangeError when it ends in the middle of a field
 */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  const reader = new Reader(message);
  while (!reader.ended) {
    const key = reader.varint();
    const number = Math.floor(key / 8);
    const start = reader.at;
    switch (key % 8) {
      case 0: {
        const value = reader.varint();
        yield { number, value, bytes: message.subarray(start, reader.at) };
        break;
      }
      case 1:
        yield { number, value: 0, bytes: reader.take(8) };
        break;
      case 2:
        yield { number, value: 0, bytes: reader.take(reader.varint()) };
        break;
      case 5: {
        const bytes = reader.take(4);
        yield { number, value: new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true), bytes };
        break;
      }
      default:
        throw new RangeError(`A field has the unknown wire type ${key % 8}.`);
    }
  }
}

const text = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/**
 * A name as it is stored: a byte order mark is part of it.
 * @throws UnsupportedError where it is not UTF-8: read all the same, two names might be one
 */
export function nameFrom(bytes: Uint8Array): string {
  try {
    return text.decode(bytes);
  } catch {
    throw new UnsupportedError(
      "A name in the model is not UTF-8: export the model again with other names, or run it with ONNX Runtime.",
    );
  }
}

/** The whole numbers of a repeated field, packed or one of many: as a float64 holds them. */
export function wholesOf({ bytes }: Field): number[] {
  const numbers: number[] = [];
  const reader = new Reader(bytes);
  while (!reader.ended) numbers.push(reader.varint());
  return numbers;
}

/** The same, exactly. */
export function bigWholesOf({ bytes }: Field): bigint[] {
  const numbers: bigint[] = [];
  const reader = new Reader(bytes);
  while (!reader.ended) numbers.push(reader.bigVarint());
  return numbers;
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get at(): number {
    return this.#at;
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** A number of up to 64 bits, signed. */
  varint(): number {
    const start = this.#at;
    let small = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#byte();
      small += (byte & 127) * factor;
      if (byte < 128) break;
    }
    // Up to seven bytes of seven bits are exact in a float64.
    return this.#at - start <= 7 ? small : Number(this.#bigFrom(start));
  }

  bigVarint(): bigint {
    const start = this.#at;
    while (this.#byte() >= 128);
    return this.#bigFrom(start);
  }

  #byte(): number {
    if (this.ended) throw new RangeError("A message ends in the middle of a number.");
    return this.#bytes[this.#at++];
  }

  #bigFrom(start: number): bigint {
    let value = 0n;
    for (let i = this.#at - 1; i >= start; i--) value = value * 128n + BigInt(this.#bytes[i] & 127);
    return BigInt.asIntN(64, value);
  }

  take(size: number): Uint8Array {
    if (!(size >= 0 && size <= this.#bytes.length - this.#at)) {
      throw new RangeError("A field reaches past the end of its message.");
    }
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }
}
