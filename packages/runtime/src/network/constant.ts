import type { CodedTensor } from "./coded.ts";
import { bytesUnder, type ElementType, type Numbers, over, sizeOf } from "./elements.ts";

/** A tensor that is the same in every run. */
export class Constant<T extends ElementType = ElementType> {
  readonly type: T;
  readonly dims: readonly number[];
  #data: Numbers<T> | CodedTensor | undefined;

  /** @param data its elements, or what they are coded in: it is then decoded when it is asked for */
  constructor(type: T, dims: readonly number[], data: Numbers<T> | CodedTensor) {
    this.type = type;
    this.dims = dims;
    this.#data = data;
  }

  /** @throws UserError when it is coded and damaged */
  get data(): Numbers<T> {
    const data = this.numbers()();
    this.#data = data;
    return data;
  }

  /** Gives its elements later, also when it has been let go. */
  numbers(): () => Numbers<T> {
    const { source, type, dims } = this;
    return () => (isCoded(source) ? over(type, source.bytes().buffer, 0, sizeOf(dims)) : source);
  }

  /** Its elements, or what they are coded in: to make a form of its own of it. */
  get source(): Numbers<T> | CodedTensor {
    // Never taken for a tensor that is computed: whoever reads it after it was let go is wrong.
    if (!this.#data) throw new Error("A constant is read after it was let go.");
    return this.#data;
  }

  /** Ends its hold on its elements: they are now in a form of their own. */
  letGo(): void {
    this.#data = undefined;
  }

  /** Decodes it if that was not done, so that it does not hold the file. */
  settle(): void {
    if (this.#data) this.data;
  }

  /** Gives it memory of its own where it lies on a part of a larger buffer, so that it does not hold a whole file. */
  detach(): void {
    if (!this.#data) return;
    const { data } = this;
    if (data.byteLength === data.buffer.byteLength) return;
    const own = bytesUnder(data).slice();
    this.#data = over(this.type, own.buffer, 0, data.length);
  }
}

/** True of a tensor that is not decoded. */
export function isCoded<T extends ElementType>(source: Numbers<T> | CodedTensor): source is CodedTensor {
  return !ArrayBuffer.isView(source);
}
