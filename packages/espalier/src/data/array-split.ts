import type { Split } from "./dataset.ts";

/** Samples that lie one after the other in an array, with a factor that brings them to the network's scale. */
export interface Samples {
  readonly values: Uint8Array | Float32Array;
  readonly labels: ArrayLike<number>;
  /** Elements of one sample. */
  readonly sampleSize: number;
  /** Every element is multiplied by it when it is read. */
  readonly scale: number;
}

/** The samples `start` to `end` as a split. The array is shared, not copied. */
export function arraySplit({ values, labels, sampleSize, scale }: Samples, start: number, end: number): Split {
  return {
    size: end - start,
    read(indices, inputs, classes) {
      for (let i = 0; i < indices.length; i++) {
        const sample = start + indices[i];
        inputs.set(values.subarray(sample * sampleSize, (sample + 1) * sampleSize), i * sampleSize);
        classes[i] = labels[sample];
      }
      if (scale === 1) return;
      const size = indices.length * sampleSize;
      for (let j = 0; j < size; j++) inputs[j] *= scale;
    },
  };
}
