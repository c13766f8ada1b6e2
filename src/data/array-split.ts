import type { Split } from "./dataset.ts";

/** Samples that lie one after the other in an array, with a factor that brings them to the network's scale. */
export interface Samples {
  readonly values: ArrayLike<number>;
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
        const from = sample * sampleSize;
        const to = i * sampleSize;
        for (let j = 0; j < sampleSize; j++) inputs[to + j] = values[from + j] * scale;
        classes[i] = labels[sample];
      }
    },
  };
}
