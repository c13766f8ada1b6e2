import type { TensorData } from "../onnx/dtype.ts";
import { copyElements } from "../onnx/elements.ts";
import type { Split } from "./dataset.ts";

/** A tensor of all samples, one behind the other in an array. */
export interface SampleArray {
  readonly values: TensorData;
  /** Elements of one sample. */
  readonly size: number;
  /** Every element is multiplied by it when it is read; default: 1. */
  readonly scale?: number;
}

/** The samples `start` to `end` of some arrays, by the names of their tensors, as a split. They are shared, not copied. */
export function arraySplit(arrays: Readonly<Record<string, SampleArray>>, start: number, end: number): Split {
  return {
    size: end - start,
    read(indices, into) {
      for (const [name, target] of Object.entries(into)) {
        const array = arrays[name];
        if (array) readArray(array, start, indices, target);
      }
    },
  };
}

function readArray(
  { values, size, scale = 1 }: SampleArray,
  start: number,
  indices: ArrayLike<number>,
  target: TensorData,
): void {
  for (let i = 0; i < indices.length; i++) {
    const sample = start + indices[i];
    copyElements(values, sample * size, (sample + 1) * size, target, i * size);
  }
  if (scale === 1 || !(target instanceof Float32Array)) return;
  const read = indices.length * size;
  for (let j = 0; j < read; j++) target[j] *= scale;
}
