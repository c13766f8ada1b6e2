import { cheapestOf, type Entry, pricesOf } from "../entropy.ts";
import type { Rows } from "./rows.ts";

/** Weights of which each has a value of a codebook. */
export interface Decided {
  /** Codes of the connections, one after the other as the chains of the rows have them. */
  readonly codes: Uint8Array;
  readonly entries: readonly Entry[];
}

/**
 * Gives each connection its cheapest value, row by row and in the order of the row's chain: what counts is how much of
 * the error is left when all that come later make up for it.
 * @param entries the codebook, ascending, with a zero
 * @param wanted the weights of least error, by row and column
 * @param lambda what a bit may cost in squared error of the outputs
 */
export function decide(rows: Rows, wanted: Float32Array, entries: readonly Entry[], lambda: number): Decided {
  const { width, fixed, weights: total } = rows;
  const values = Float32Array.from(entries, ({ value }) => value);
  const choose = cheapestOf(values, pricesOf(entries, total, lambda));
  const counts = new Uint32Array(values.length);
  const codes = new Uint8Array(total);
  let at = 0;
  for (let row = 0; row < rows.count; row++) {
    const { columns, triangle } = rows.chain(row);
    const n = columns.length;
    const errors = new Float64Array(n);
    for (let k = 0; k < n - fixed; k++) {
      const w = wanted[row * width + columns[k]];
      const pivot = triangle[k * n + k];
      const code = choose(w + carried(triangle, errors, k, n) / pivot, pivot * pivot);
      errors[k] = w - values[code];
      counts[code]++;
      codes[at++] = code;
    }
  }
  counts[values.indexOf(0)] += total - at;
  return {
    codes: codes.subarray(0, at),
    entries: entries.map(({ value, mass }, code) => ({ value, mass, count: counts[code] })),
  };
}

/** The errors of the columns before k as the k-th sees them: the sum of R_jk e_j. */
export function carried(triangle: Float64Array, errors: Float64Array, k: number, n: number): number {
  let sum = 0;
  for (let j = 0; j < k; j++) sum += triangle[j * n + k] * errors[j];
  return sum;
}
