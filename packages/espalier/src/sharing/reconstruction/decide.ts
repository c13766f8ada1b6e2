import { workspace } from "../../reconstruction/kernels/kernels.ts";
import { cheapestOf, type Entry, pricesOf } from "../entropy.ts";
import { EquationSums, type Equations } from "./equations.ts";
import type { Rows } from "./rows.ts";

/** Weights of which each has a value of a codebook. */
export interface Decided {
  /** Codes of the connections, one after the other as the chains of the rows have them. */
  readonly codes: Uint8Array;
  readonly entries: readonly Entry[];
  /** By which the values are refitted. */
  readonly equations: Equations;
}

/** A codebook with what its codes cost. */
export interface Prices {
  /** Ascending, with a zero. */
  readonly values: Float32Array;
  /** What the bits of each may cost in squared error of the outputs. */
  readonly prices: Float64Array;
}

/** What some rows came to. */
export interface DecidedRows extends Pick<Decided, "codes" | "equations"> {
  /** How many connections have each code, without those that are cut. */
  readonly counts: Uint32Array;
}

/**
 * What the values of a codebook cost.
 * @param total weights, those that are cut among them
 * @param lambda what a bit may cost in squared error of the outputs
 */
export function priced(entries: readonly Entry[], total: number, lambda: number): Prices {
  return { values: Float32Array.from(entries, ({ value }) => value), prices: pricesOf(entries, total, lambda) };
}

/**
 * Gives each connection its cheapest value, row by row and in the order of the row's chain: what counts is how much of
 * the error is left when all that come later make up for it.
 * @param wanted the weights of least error, by row and column
 */
export function decideRows(rows: Rows, wanted: Float32Array, { values, prices }: Prices): DecidedRows {
  const { width, fixed } = rows;
  const choose = cheapestOf(values, prices);
  const counts = new Uint32Array(values.length);
  const lengths = Array.from({ length: rows.count }, (_, row) => rows.live(row));
  const longest = Math.max(fixed, ...lengths);
  const codes = new Uint8Array(lengths.reduce((sum, n) => sum + n - fixed, 0));
  const sums = new EquationSums(values, longest);
  const bench = workspace();
  const { kernels } = bench;
  const [triangle, carried, ...scratch] = bench.arrays(longest ** 2, longest, ...sums.scratch);
  let at = 0;
  for (let row = 0; row < rows.count; row++) {
    if (row === 0 || !rows.alike(row, row - 1)) rows.factor(row, triangle, bench);
    const columns = rows.columns(row);
    const n = columns.length;
    const start = at;
    // The errors of the columns before k as the k-th sees them: the sum of R_jk e_j.
    carried.fill(0, 0, n);
    for (let k = 0; k < n - fixed; k++) {
      const w = wanted[row * width + columns[k]];
      const pivot = triangle[k * n + k];
      const code = choose(w + carried[k] / pivot, pivot * pivot);
      counts[code]++;
      codes[at++] = code;
      const behind = triangle.byteOffset + 8 * (k * n + k + 1);
      kernels.addScaled(n - k - 1, w - values[code], behind, carried.byteOffset + 8 * (k + 1));
    }
    const decided = { wanted: wanted.subarray(row * width, (row + 1) * width), codes: codes.subarray(start, at) };
    sums.add(kernels, scratch, { columns, triangle }, decided);
  }
  return { codes, counts, equations: sums.equations };
}
