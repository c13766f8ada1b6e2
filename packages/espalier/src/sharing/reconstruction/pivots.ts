import { type Kernels, workspace } from "../../reconstruction/kernels/kernels.ts";
import type { Chain, Rows } from "./rows.ts";

/** What is known of some rows before any weight is decided. */
export interface Pivots {
  /** The squares of the pivots of the chains, bias and all: what an error of each connection alone comes to. */
  readonly squares: Float32Array;
  /** The weights of least error, by row and column; where they were asked for. */
  readonly wanted?: Float32Array;
}

/**
 * Factors the rows.
 * @param target what the weights of least error times H are to be, by row and column: where they are to be solved for
 */
export function pivotsOf(rows: Rows, target?: Float32Array): Pivots {
  const { width } = rows;
  const lengths = Array.from({ length: rows.count }, (_, row) => rows.live(row));
  const longest = Math.max(0, ...lengths);
  const bench = workspace();
  const [triangle, solution] = bench.arrays(longest ** 2, longest);
  const squares = new Float32Array(lengths.reduce((sum, n) => sum + n, 0));
  const wanted = target && new Float32Array(target.length);
  let at = 0;
  for (const [row, n] of lengths.entries()) {
    if (row === 0 || !rows.alike(row, row - 1)) rows.factor(row, triangle, bench);
    for (let k = 0; k < n; k++) squares[at++] = triangle[k * n + k] ** 2;
    if (!target || !wanted) continue;
    const columns = rows.columns(row);
    for (let k = 0; k < n; k++) solution[k] = target[row * width + columns[k]];
    solve(bench.kernels, { columns, triangle }, solution);
    for (let k = 0; k < n; k++) wanted[row * width + columns[k]] = solution[k];
  }
  return { squares, wanted };
}

/** R R' x = t, in the place of t: R y = t from the last to the first, then R' x = y. */
function solve(kernels: Kernels, { columns: { length: n }, triangle }: Chain, x: Float64Array): void {
  for (let k = n - 1; k >= 0; k--) {
    let left = x[k];
    for (let j = k + 1; j < n; j++) left -= triangle[k * n + j] * x[j];
    x[k] = left / triangle[k * n + k];
  }
  for (let k = 0; k < n; k++) {
    x[k] /= triangle[k * n + k];
    kernels.addScaled(n - k - 1, -x[k], triangle.byteOffset + 8 * (k * n + k + 1), x.byteOffset + 8 * (k + 1));
  }
}
