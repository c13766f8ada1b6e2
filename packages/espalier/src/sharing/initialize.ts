import type { Random } from "../random.ts";
import type { SortedValues } from "./sorted.ts";

/** The centroids that k-means begins with: `count` of them in ascending order. */
type Initialization = (sorted: SortedValues, count: number, random: Random) => Float64Array;

/** Spread evenly from the smallest weight to the largest, however few weights lie there. */
const linear: Initialization = ({ values }, count) => {
  const [low, high] = [values[0], values[values.length - 1]];
  if (count === 1) return Float64Array.of((low + high) / 2);
  return Float64Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
};

/** Spread evenly over the cumulative distribution: as many weights around each. */
const density: Initialization = ({ values }, count) =>
  Float64Array.from({ length: count }, (_, i) => values[Math.floor(((i + 0.5) / count) * values.length)]);

/** Weights drawn at random (Forgy). */
const drawn: Initialization = ({ values }, count, { below }) =>
  Float64Array.from({ length: count }, () => values[below(values.length)]).sort();

/** The initializations of k-means in Deep Compression (Han et al., arXiv 1510.00149, section 3.2). */
export const initializations = { linear, density, random: drawn } as const;

export type InitializationName = keyof typeof initializations;
