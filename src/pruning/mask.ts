import { type FloatTensor, float32 } from "../onnx/tensor.ts";
import type { Masks, Parameters } from "../training/trainer.ts";

/** The mask that keeps the weights whose magnitude is above a threshold. A weight that is zero stays cut. */
export function maskAbove({ dims, data }: FloatTensor, threshold: number): FloatTensor {
  return float32(
    dims,
    Float32Array.from(data, (w) => (Math.abs(w) > threshold ? 1 : 0)),
  );
}

/** The masks that a network's own zeros amount to, as of one that was pruned before. */
export function masksOfZeros(parameters: Parameters, weights: Iterable<string>): Masks {
  const masks = new Map<string, FloatTensor>();
  for (const name of weights) {
    const tensor = parameters.get(name);
    if (tensor?.data.includes(0)) masks.set(name, maskAbove(tensor, 0));
  }
  return masks;
}

/** The parameters with the connections that masks cut set to zero. */
export function applyMasks(parameters: Parameters, masks: Masks): Parameters {
  return new Map(
    Array.from(parameters, ([name, tensor]) => {
      const mask = masks.get(name);
      return [
        name,
        mask
          ? float32(
              tensor.dims,
              tensor.data.map((w, i) => (mask.data[i] === 0 ? 0 : w)),
            )
          : tensor,
      ];
    }),
  );
}

/** How many elements are not zero: kept connections of a mask, or live weights of a parameter. */
export function countNonzero({ data }: FloatTensor): number {
  let count = 0;
  for (const value of data) if (value !== 0) count++;
  return count;
}
