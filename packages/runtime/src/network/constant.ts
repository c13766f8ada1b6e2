import { bytesUnder, type ElementType, type Numbers, over } from "./elements.ts";

/** A tensor that is the same in every run. */
export class Constant<T extends ElementType = ElementType> {
  readonly type: T;
  readonly dims: readonly number[];
  #data: Numbers<T> | undefined;

  constructor(type: T, dims: readonly number[], data: Numbers<T>) {
    this.type = type;
    this.dims = dims;
    this.#data = data;
  }

  get data(): Numbers<T> {
    // Never taken for a tensor that is computed: whoever reads it after it was let go is wrong.
    if (!this.#data) throw new Error("A constant is read after it was let go.");
    return this.#data;
  }

  /** Ends its hold on its elements: they are now in a form of their own. */
  letGo(): void {
    this.#data = undefined;
  }

  /** Gives it memory of its own where it lies on a part of a larger buffer, so that it does not hold a whole file. */
  detach(): void {
    if (!this.#data || this.#data.byteLength === this.#data.buffer.byteLength) return;
    const own = bytesUnder(this.#data).slice();
    this.#data = over(this.type, own.buffer, 0, this.#data.length);
  }
}
