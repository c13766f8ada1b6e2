import type { SortedValues } from "./sorted.ts";

/** Places at which a cluster may end. */
const MOST_PLACES = 2 ** 16;

/**
 * The centroids of least squared error, by dynamic programming over the sorted weights: the best j clusters of the
 * first n weights are the best j - 1 clusters of the first m and one of the rest. As n grows, the best m never falls,
 * so all n are settled by halving the range in O(n log n) for each j (Grønlund et al., arXiv 1701.07204).
 *
 * Of more than 65,536 weights, clusters end at 65,536 places spread evenly over them only.
 * @returns `count` centroids, or fewer where there are fewer weights
 */
export function optimalCentroids(sorted: SortedValues, count: number): Float64Array {
  const total = sorted.values.length;
  const places = Math.min(total, MOST_PLACES);
  const clusters = Math.min(count, places);
  const ends = Float64Array.from({ length: places + 1 }, (_, i) => Math.round((i * total) / places));
  const { sums } = sorted;
  const squares = squaresAt(sorted.values, ends);

  /** The squared error of one cluster between two places. */
  const errorOf = (from: number, to: number): number => {
    const size = ends[to] - ends[from];
    const sum = sums[ends[to]] - sums[ends[from]];
    return size === 0 ? 0 : Math.max(0, squares[to] - squares[from] - (sum * sum) / size);
  };

  let before = Float64Array.from(ends, (_, to) => errorOf(0, to));
  const cuts: Uint32Array[] = [];
  for (let cluster = 1; cluster < clusters; cluster++) {
    const errors = new Float64Array(places + 1);
    const cut = new Uint32Array(places + 1);
    settle(1, places, 0, places, (to, lowest, highest) => {
      let best = Number.POSITIVE_INFINITY;
      for (let from = lowest; from <= Math.min(highest, to); from++) {
        const error = before[from] + errorOf(from, to);
        if (error < best) {
          best = error;
          cut[to] = from;
        }
      }
      errors[to] = best;
      return cut[to];
    });
    cuts.push(cut);
    before = errors;
  }

  const centroids: number[] = [];
  let to = places;
  for (const cut of [...cuts.reverse(), new Uint32Array(places + 1)]) {
    const from = cut[to];
    if (from < to) centroids.push((sums[ends[to]] - sums[ends[from]]) / (ends[to] - ends[from]));
    to = from;
  }
  return Float64Array.from(centroids.reverse());
}

/** Settles every place from `first` to `last`, the middle one first: its choice bounds those on both sides. */
function settle(
  first: number,
  last: number,
  lowest: number,
  highest: number,
  choose: (place: number, lowest: number, highest: number) => number,
): void {
  if (first > last) return;
  const middle = (first + last) >>> 1;
  const chosen = choose(middle, lowest, highest);
  settle(first, middle - 1, lowest, chosen, choose);
  settle(middle + 1, last, chosen, highest, choose);
}

/** The sum of the squares of all values before each place. */
function squaresAt(values: Float32Array, ends: Float64Array): Float64Array {
  const squares = new Float64Array(ends.length);
  let sum = 0;
  for (let i = 0, place = 1; place < ends.length; place++) {
    for (; i < ends[place]; i++) sum += values[i] ** 2;
    squares[place] = sum;
  }
  return squares;
}
