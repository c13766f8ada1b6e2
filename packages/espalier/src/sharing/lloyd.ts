import { countUpTo, type SortedValues } from "./sorted.ts";

/** Lloyd's steps end when nothing moves, or after so many. */
const MOST_STEPS = 20000;

/**
 * Lloyd's algorithm in one dimension. A cluster is a stretch of the sorted weights between two midpoints, and its mean
 * a difference of running sums: a step takes O(k log n), whatever the number of weights.
 * @param initial centroids in ascending order
 * @returns the centroids that a last step left in their places; one that no weight is nearest to stays where it was
 */
export function lloyd({ values, sums }: SortedValues, initial: Float64Array): Float64Array {
  const centroids = initial.slice();
  const ends = new Uint32Array(centroids.length).fill(values.length);
  for (let step = 0, moved = true; moved && step < MOST_STEPS; step++) {
    moved = false;
    for (let i = 0; i + 1 < centroids.length; i++) {
      const end = countUpTo(values, (centroids[i] + centroids[i + 1]) / 2);
      if (end === ends[i] && step > 0) continue;
      ends[i] = end;
      moved = true;
    }
    for (let i = 0, start = 0; i < centroids.length; start = ends[i++]) {
      if (ends[i] > start) centroids[i] = (sums[ends[i]] - sums[start]) / (ends[i] - start);
    }
  }
  return centroids;
}
