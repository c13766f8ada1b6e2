import type { Chain } from "./chain.ts";
import { MOST_CODE } from "./scaled.ts";

/** What each code costs, in bits: that of code c at MOST_CODE + c. */
export type Prices = Float64Array;

/** Before any code is counted: those of a geometric distribution about zero. */
export function firstPrices(): Prices {
  return Float64Array.from({ length: 2 * MOST_CODE + 1 }, (_, i) => 1.5 * (1 + Math.log2(1 + Math.abs(i - MOST_CODE))));
}

/** The prices of codes that were counted so often; of one that was not, a little more than the rarest. */
export function pricesOf(counts: Float64Array): Prices {
  const total = counts.reduce((sum, count) => sum + count, 1);
  return counts.map((count) => -Math.log2((count + UNSEEN) / total));
}

const UNSEEN = 0.05;

/** A row of weights that is to be decided. */
export interface Row {
  /** The weights of least error. Those that are zero are cut connections, and stay zero. */
  readonly wanted: Float32Array;
  readonly scale: number;
  /** What a bit may cost in squared error of the row's outputs. */
  readonly price: number;
  /** Columns at the end whose weights take any value: the bias. */
  readonly free: number;
  /** No code is larger; default: {@link MOST_CODE}. */
  readonly most?: number;
}

/**
 * Decides a row's codes, each for the one that costs least in error and bits, and each making up for the errors of those
 * before it; the free weights make up for what is left.
 * @param codes to be written, by column
 * @param free to be written: the free weights
 * @returns the squared error of the row's outputs
 */
export function decideRow(
  { order, triangle }: Chain,
  { wanted, scale, price, free, most }: Row,
  prices: Prices,
  codes: Int16Array,
  freed: Float64Array,
  errors: Float64Array,
): number {
  const n = order.length;
  const bound = n - free;
  let total = 0;
  for (let k = 0; k < n; k++) {
    const at = k * n;
    let carried = 0;
    for (let j = 0; j < k; j++) carried += triangle[at + j] * errors[j];
    const pivot = triangle[at + k];
    const w = wanted[order[k]];
    const target = w + carried / pivot;
    if (k >= bound) {
      freed[k - bound] = target;
      errors[k] = w - target;
      continue;
    }
    const code = w === 0 ? 0 : cheapest(target / scale, (pivot * scale) ** 2, price, prices, most);
    codes[order[k]] = code;
    errors[k] = w - scale * code;
    total += (pivot * (target - scale * code)) ** 2;
  }
  return total;
}

/** The code of least cost: one of the two neighbours, the next towards zero, or zero. */
export function cheapest(
  target: number,
  square: number,
  price: number,
  prices: Prices,
  most: number = MOST_CODE,
): number {
  const size = Math.min(Math.abs(target), most);
  const sign = target < 0 ? -1 : 1;
  const low = Math.floor(size);
  let [best, least] = [0, square * size * size + price * prices[MOST_CODE]];
  for (let code = Math.max(1, low - 1); code <= Math.min(low + 1, most); code++) {
    const cost = square * (size - code) ** 2 + price * prices[MOST_CODE + sign * code];
    if (cost < least) [best, least] = [code, cost];
  }
  return sign * best;
}

/** The bits that a value takes, in units of the scale, beside a zero: those of the nearest code that is none. */
export function bitsOfMore(value: number, prices: Prices): number {
  const size = Math.max(1, Math.min(MOST_CODE, Math.round(Math.abs(value))));
  return Math.max(LEAST_BITS, prices[MOST_CODE + (value < 0 ? -size : size)] - prices[MOST_CODE]);
}

/** Where zeros are rare, others are no cheaper for it. */
const LEAST_BITS = 0.1;
