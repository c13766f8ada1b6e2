import { sizeOf } from "../onnx/tensor.ts";
import { random } from "../random.ts";
import type { Dataset, Split, TensorSpec } from "./dataset.ts";

/** Samples where there are none: independent normal numbers of mean 0 and deviation 1. Every read gives the same. */
export function noise(inputs: readonly TensorSpec[], size: number, seed: number): Dataset {
  const split: Split = {
    size,
    read(indices, into) {
      for (const { name, shape } of inputs) {
        const array = into[name];
        if (!(array instanceof Float32Array)) continue;
        const numbers = sizeOf(shape);
        for (let i = 0; i < indices.length; i++) {
          const { normal } = random(seed, "noise", name, indices[i]);
          for (let j = 0; j < numbers; j++) array[i * numbers + j] = normal();
        }
      }
    },
  };
  return { name: "noise", inputs, targets: [], train: split, validation: split, test: split };
}
