import type { FloatTensor } from "../onnx/tensor.ts";
import { centroidsOf, type KMeansOptions, nearestTo } from "./kmeans.ts";
import { mergeValues } from "./merge.ts";
import { inOrder, type SharedTensor } from "./shared.ts";

export interface EntropyOptions extends KMeansOptions {
  /** What a bit may cost in the squared error of the weights. */
  readonly lambda: number;
  /** How much the squared error of each weight counts; default: 1 for all. */
  readonly importance?: Float32Array;
}

/** A value of a codebook with how many elements have it, and their importance in all. */
export interface Entry {
  readonly value: number;
  readonly count: number;
  readonly mass: number;
}

/** Steps end when the cost falls by less than this part of itself, or after so many. */
const LEAST_FALL = 1e-4;
const MOST_STEPS = 40;

/**
 * Entropy-constrained quantization (Chou, Lookabaugh and Gray, IEEE Trans. ASSP 37, 1989; for networks Choi et al.,
 * arXiv 1612.01543): each weight w takes the value c_j with the least importance (w - c_j)^2 - lambda log2 p_j, where
 * p_j is the part of the tensor's elements that have it; then each value becomes the mean of its weights, and so on.
 * Zero is a value that does not move. Where most connections are cut it is the cheapest, so that more are cut. A value
 * that saves less than its own bits cost is merged with another.
 */
export function entropyConstrained(tensor: FloatTensor, options: EntropyOptions): SharedTensor {
  const { dims, data } = tensor;
  const centroids = centroidsOf(data, 2 ** options.bits - 1, options);
  // Codes of no length: the first step takes the nearest.
  let entries: readonly Entry[] = Array.from(
    [...centroids, 0].sort((a, b) => a - b),
    (value) => {
      return { value, count: data.length, mass: 0 };
    },
  );
  for (;;) {
    const found = settle(data, entries, options);
    entries = mergeValues(found.entries, data.length, options.lambda);
    if (entries.length === found.entries.length) return inOrder({ dims, ...found });
  }
}

/** Assigns and averages in turn until the cost no longer falls. */
function settle(data: Float32Array, initial: readonly Entry[], options: EntropyOptions) {
  let entries = initial;
  let before = Number.POSITIVE_INFINITY;
  for (let step = 1; ; step++) {
    const { codes, cost } = assign(data, entries, options);
    const next = average(data, codes, entries, options);
    // The first step's cost leaves the bits out.
    if (step === MOST_STEPS || (step > 2 && cost > before * (1 - LEAST_FALL))) {
      return { codes, values: Float32Array.from(next, ({ value }) => value), entries: inUse(next) };
    }
    entries = inUse(next);
    before = cost;
  }
}

/** Gives each weight its cheapest value. */
function assign(data: Float32Array, entries: readonly Entry[], { lambda, importance }: EntropyOptions) {
  const values = Float32Array.from(entries, ({ value }) => value);
  const prices = pricesOf(entries, data.length, lambda);
  const choose = cheapestOf(values, prices);
  const zero = values.indexOf(0);
  const codes = new Uint8Array(data.length);
  let cost = 0;
  for (let i = 0; i < data.length; i++) {
    const w = data[i];
    const weight = importance ? importance[i] : 1;
    codes[i] = w === 0 ? zero : choose(w, weight);
    cost += weight * (w - values[codes[i]]) ** 2 + prices[codes[i]];
  }
  return { codes, cost };
}

/** What the bits of each value cost, where a part of `total` elements has it. */
export function pricesOf(entries: readonly Pick<Entry, "count">[], total: number, lambda: number): Float64Array {
  return Float64Array.from(entries, ({ count }) => -lambda * Math.log2(Math.max(1, count) / total));
}

/**
 * Finds the value that costs a weight least: its squared error times an importance, and the price of its bits.
 * @param values ascending
 * @param prices of 0 or more, which bounds the search
 */
export function cheapestOf(values: Float32Array, prices: Float64Array): (w: number, importance: number) => number {
  const nearest = nearestTo(values);
  return (w, importance) => {
    const from = nearest(w);
    let code = from;
    let least = importance * (w - values[from]) ** 2 + prices[from];
    for (const direction of [-1, 1]) {
      for (let j = from + direction; j >= 0 && j < values.length; j += direction) {
        const error = importance * (w - values[j]) ** 2;
        if (error >= least) break;
        if (error + prices[j] >= least) continue;
        least = error + prices[j];
        code = j;
      }
    }
    return code;
  };
}

/** Each value as the mean of the weights that have it; zero, and values without any importance, as they are. */
function average(
  data: Float32Array,
  codes: Uint8Array,
  entries: readonly Entry[],
  { importance }: EntropyOptions,
): Entry[] {
  const counts = new Float64Array(entries.length);
  const masses = new Float64Array(entries.length);
  const sums = new Float64Array(entries.length);
  for (let i = 0; i < data.length; i++) {
    const weight = importance ? importance[i] : 1;
    counts[codes[i]]++;
    masses[codes[i]] += weight;
    sums[codes[i]] += weight * data[i];
  }
  return entries.map(({ value }, code) => ({
    value: value === 0 || masses[code] === 0 ? value : Math.fround(sums[code] / masses[code]),
    count: counts[code],
    mass: masses[code],
  }));
}

/** The entries that an element has, and zero, which an element may yet take. */
function inUse(entries: readonly Entry[]): Entry[] {
  return entries.filter(({ value, count }) => count > 0 || value === 0).sort((a, b) => a.value - b.value);
}
