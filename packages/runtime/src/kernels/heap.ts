import { UnsupportedError } from "../errors.ts";

/** Memory that can grow, and whose views do not survive that. */
export interface Memory {
  readonly buffer: ArrayBuffer;
  /** Makes room for so many bytes in all. */
  reserve(bytes: number): void;
}

/** What a network may take at most: 2 GB, up to which addresses are 32-bit whole numbers of either sign. */
export const MOST_BYTES = 2 ** 31;

/** Everything begins at a multiple of this, and has so much room behind it that a vector may read past its end. */
const ALIGNMENT = 64;

/** The bytes that are taken where `bytes` are asked for. */
export const roomFor = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT + ALIGNMENT;

/** What a part of memory is for: what lasts, what belongs to a plan, what one run leaves to the next. */
export type Purpose = "weights" | "plan" | "activations";

/** Parts of one memory, given out and taken back: the first that fits. */
export class Heap {
  readonly #memory: Memory;
  readonly #parts = new Map<number, { readonly size: number; readonly purpose: Purpose }>();
  /** What lies free below the top: [start, size] in the order of their addresses, never two side by side. */
  #free: [number, number][] = [];
  #top = ALIGNMENT;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** Bytes that are given out, for one purpose or for all, with the room behind each part. */
  used(purpose?: Purpose): number {
    let bytes = 0;
    for (const part of this.#parts.values()) if (!purpose || part.purpose === purpose) bytes += part.size;
    return bytes;
  }

  /** Bytes of the whole memory, given out or not. */
  get reserved(): number {
    return this.#memory.buffer.byteLength;
  }

  /**
   * Finds room for `bytes`; what is in it is left from before.
   * @throws UnsupportedError where there is no more
   */
  allocate(bytes: number, purpose: Purpose = "plan"): number {
    const size = roomFor(bytes);
    const hole = this.#free.findIndex(([, free]) => free >= size);
    let start = this.#top;
    if (hole >= 0) {
      const [at, free] = this.#free[hole];
      start = at;
      this.#free.splice(hole, 1, ...(free === size ? [] : [[at + size, free - size] as [number, number]]));
    } else {
      this.#reserve(start + size);
    }
    this.#parts.set(start, { size, purpose });
    return start;
  }

  #reserve(top: number): void {
    try {
      if (!(top <= MOST_BYTES)) throw new RangeError(`${top} bytes are asked for.`);
      this.#memory.reserve(top);
      this.#top = top;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new UnsupportedError(
        "There is no memory for the network with inputs of these shapes: give it smaller ones, or run it with ONNX Runtime.",
      );
    }
  }

  /** Takes back what was given out at an address. */
  release(start: number): void {
    const part = this.#parts.get(start);
    if (!part) return;
    const { size } = part;
    this.#parts.delete(start);
    const after = this.#free.findIndex(([at]) => at > start);
    const place = after < 0 ? this.#free.length : after;
    this.#free.splice(place, 0, [start, size]);
    for (const i of [place, place - 1]) {
      const [left, right] = [this.#free[i], this.#free[i + 1]];
      if (left && right && left[0] + left[1] === right[0]) this.#free.splice(i, 2, [left[0], left[1] + right[1]]);
    }
    const last = this.#free.at(-1);
    if (last && last[0] + last[1] === this.#top) {
      this.#top = last[0];
      this.#free.pop();
    }
  }

  /** The memory as it is now: another one once it has grown. */
  get buffer(): ArrayBuffer {
    return this.#memory.buffer;
  }

  floats(at: number, count: number): Float32Array {
    return new Float32Array(this.#memory.buffer, at, count);
  }

  int32s(at: number, count: number): Int32Array {
    return new Int32Array(this.#memory.buffer, at, count);
  }

  uint32s(at: number, count: number): Uint32Array {
    return new Uint32Array(this.#memory.buffer, at, count);
  }

  uint16s(at: number, count: number): Uint16Array {
    return new Uint16Array(this.#memory.buffer, at, count);
  }
}
