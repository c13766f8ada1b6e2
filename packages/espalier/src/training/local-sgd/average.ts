import { type FloatTensor, float32, sizeOf } from "../../onnx/tensor.ts";
import type { Parameters } from "../parameters.ts";

/**
 * The mean of tensors that come one after the other. They are added in float64 and in the order in which they are given,
 * so that the same come to the same bytes.
 */
export class Mean {
  readonly #sums = new Map<string, { readonly dims: readonly number[]; readonly sum: Float64Array }>();
  #first: Parameters = new Map();
  #count = 0;

  add(tensors: Parameters): void {
    if (this.#count++ === 0) {
      this.#first = tensors;
      return;
    }
    if (this.#count === 2) this.#sum(this.#first);
    this.#sum(tensors);
  }

  /** Of one it is that one, to the sign of its zeros. */
  result(): Parameters {
    if (this.#count === 1) return this.#first;
    const found = new Map<string, FloatTensor>();
    for (const [name, { dims, sum }] of this.#sums) {
      const mean = float32(dims);
      for (let i = 0; i < sum.length; i++) mean.data[i] = sum[i] / this.#count;
      found.set(name, mean);
    }
    return found;
  }

  #sum(tensors: Parameters): void {
    for (const [name, { dims, data }] of tensors) {
      let kept = this.#sums.get(name);
      if (!kept) {
        kept = { dims, sum: new Float64Array(sizeOf(dims)) };
        this.#sums.set(name, kept);
      }
      const { sum } = kept;
      for (let i = 0; i < sum.length; i++) sum[i] += data[i];
    }
  }
}
