import { damaged } from "../codec/container.ts";
import type { Later } from "../codec/context-tensor.ts";
import { decoding } from "../codec/decode.ts";

/** How far a file has come. */
export interface Progress {
  /** Bytes that have come and been decoded as far as they go. */
  readonly received: number;
  /** Bytes of the whole file; undefined until its header has come. */
  readonly total: number | undefined;
}

/** Decodes a file in pieces of any size, each as soon as it comes. */
export class StreamDecoder {
  readonly #source: string;
  readonly #steps: Generator<number, Uint8Array<ArrayBuffer>, Uint8Array>;
  #step: IteratorResult<number, Uint8Array<ArrayBuffer>>;
  /** What the next step needs, as far as it has come: it grows with what comes, whatever the file says. */
  #waiting: Uint8Array[] = [];
  #bytes = 0;
  #received = 0;
  #total: number | undefined;

  /**
   * @param source how messages name the file
   * @param later gives what decodes later versions than the first as soon as it is there
   */
  constructor(source: string, later: () => Later | undefined) {
    this.#source = source;
    this.#steps = decoding({ source, later, onHeader: (bytes) => (this.#total = bytes) });
    this.#step = this.#steps.next();
  }

  /**
   * Decodes as far as the bytes go that have come.
   * @throws UserError as soon as the file shows that it is damaged, or newer
   */
  push(piece: Uint8Array): Progress {
    this.#received += piece.length;
    for (let at = 0; at < piece.length; ) {
      if (this.#step.done) throw damaged(this.#source, `more than its ${this.#total} bytes have come`);
      const needed = this.#step.value;
      const part = piece.subarray(at, at + needed - this.#bytes);
      at += part.length;
      this.#waiting.push(part);
      this.#bytes += part.length;
      if (this.#bytes < needed) break;
      const whole = this.#waiting.length === 1 ? part : joined(this.#waiting, this.#bytes);
      this.#waiting = [];
      this.#bytes = 0;
      this.#step = this.#steps.next(whole);
    }
    return { received: this.#received, total: this.#total };
  }

  /**
   * The ONNX file, once all has come.
   * @throws UserError when something is missing
   */
  end(): Uint8Array<ArrayBuffer> {
    if (!this.#step.done) {
      const total = this.#total === undefined ? "" : ` of ${this.#total}`;
      throw damaged(this.#source, `it is cut short: ${this.#received}${total} bytes have come`);
    }
    return this.#step.value;
  }
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
