import type { FloatTensor } from "../onnx/tensor.ts";
import type { Random } from "../random.ts";
import { type InitializationName, initializations } from "./initialize.ts";
import { lloyd } from "./lloyd.ts";
import { optimalCentroids } from "./optimal.ts";
import { inOrder, type SharedTensor } from "./shared.ts";
import { distinctValues, sortedValues } from "./sorted.ts";

/** How the centroids are found: Lloyd's algorithm from one of the paper's initializations, or the best there are. */
export type Init = InitializationName | "optimal";

export interface KMeansOptions {
  readonly bits: number;
  readonly init: Init;
  /** For the random initialization. */
  readonly random: Random;
}

/**
 * Weight sharing by k-means (Han et al., arXiv 1510.00149, section 3): the weights of a layer that are nearest to each
 * other become one, their mean. Codes of so many bits tell all values apart. Where connections are cut one of them is
 * for the zero, which stays exact, and the zeros are not part of any cluster.
 */
export function kMeans({ dims, data }: FloatTensor, options: KMeansOptions): SharedTensor {
  const zeros = data.includes(0);
  const values = centroidsOf(data, 2 ** options.bits - (zeros ? 1 : 0), options);
  const codes = nearestCodes(data, values);
  if (!zeros) return inOrder({ dims, values, codes });
  for (let i = 0; i < codes.length; i++) if (data[i] === 0) codes[i] = values.length;
  return inOrder({ dims, values: Float32Array.of(...values, 0), codes });
}

/** Up to `count` values, ascending, for the weights that are not zero; the weights themselves where they are as few. */
export function centroidsOf(
  data: Float32Array,
  count: number,
  { init, random }: Pick<KMeansOptions, "init" | "random">,
): Float32Array {
  const sorted = sortedValues(nonzero(data));
  const few = distinctValues(sorted.values, count);
  if (few) return few;
  return Float32Array.from(
    init === "optimal" ? optimalCentroids(sorted, count) : lloyd(sorted, initializations[init](sorted, count, random)),
  );
}

function nonzero(data: Float32Array): Float32Array {
  const found = new Float32Array(data.length);
  let count = 0;
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) found[count++] = data[i];
  return found.subarray(0, count);
}

/** The code of the nearest of some ascending values for each weight. */
function nearestCodes(data: Float32Array, values: Float32Array): Uint8Array {
  const nearest = nearestTo(values);
  const codes = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) codes[i] = nearest(data[i]);
  return codes;
}

/** Finds the nearest of some ascending values. */
export function nearestTo(values: Float32Array): (w: number) => number {
  const middles = Float64Array.from(values.subarray(1), (v, i) => (values[i] + v) / 2);
  return (w) => {
    let low = 0;
    let high = middles.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (w > middles[middle]) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
