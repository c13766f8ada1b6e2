/** A photograph whose decoding has begun. */
export interface Begun {
  /** What it holds in memory until then. */
  readonly bytes: number;
  readonly pixels: Promise<Uint8Array>;
}

/** Bytes that photographs hold which are decoded before they are asked for: 128 MB. */
const MOST_BYTES = 2 ** 27;

/**
 * Photographs that are decoded before they are asked for.
 *
 * The native runtime keeps this thread while a step runs, but not those that decode: they do what they were given
 * before. A photograph takes two turns of this thread, one for its size and one for its pixels.
 */
export class Ahead {
  readonly #begin: (number: number) => Begun;
  readonly #most: number;
  readonly #begun = new Map<number, Begun>();
  #bytes = 0;

  /**
   * @param begin begins to decode a photograph; may throw where it cannot even be read
   * @param most bytes that all hold together
   */
  constructor(begin: (number: number) => Begun, most = MOST_BYTES) {
    this.#begin = begin;
    this.#most = most;
  }

  /** Begins with the photographs that are asked for next, as many as there is room for, and gives up all others. */
  prepare(numbers: Iterable<number>): void {
    const wanted = new Set(numbers);
    for (const number of this.#begun.keys()) if (!wanted.has(number)) this.take(number);
    for (const number of wanted) {
      if (this.#begun.has(number)) continue;
      if (this.#bytes >= this.#most) return;
      try {
        const begun = this.#begin(number);
        // Whoever asks for it is told what is wrong with it.
        begun.pixels.catch(() => {});
        this.#begun.set(number, begun);
        this.#bytes += begun.bytes;
      } catch {}
    }
  }

  /** The pixels of a photograph that was begun with; the next time it is another's to decode. */
  take(number: number): Promise<Uint8Array> | undefined {
    const begun = this.#begun.get(number);
    this.#begun.delete(number);
    this.#bytes -= begun?.bytes ?? 0;
    return begun?.pixels;
  }
}
