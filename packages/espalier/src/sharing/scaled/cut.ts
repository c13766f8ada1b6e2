import { type Workspace, workspace } from "../../reconstruction/kernels/kernels.ts";
import type { Chain } from "./chain.ts";
import { bitsOfMore, type Prices } from "./decide.ts";

/** A row of weights of which some are to be cut. */
export interface CutRow {
  /** Those that are zero are cut already. Written anew: those that are left are fitted. */
  readonly weights: Float32Array;
  readonly scale: number;
  /** What a bit may cost in squared error of the row's outputs. */
  readonly price: number;
}

/**
 * Cuts the connections of rows one by one, always the one that costs the least error beside the bits that it takes, as
 * long as that is less than their price; those that are left make up for each (Optimal Brain Surgeon: Hassibi and Stork,
 * NIPS 1992; row by row: Frantar and Alistarh, arXiv 2208.11580). With D the inverse of the moments, a weight w_j costs
 * w_j^2 / D_jj, what is left changes by -w_j D_j / D_jj, and D becomes D - D_j D_j' / D_jj.
 * @param free columns at the end whose weights are not cut: the bias
 */
export function cutRows(chain: Chain, rows: readonly CutRow[], free: number, prices: Prices): void {
  const n = chain.order.length;
  const bench = workspace();
  const [inverse, halves, changes, weights, diagonal] = bench.arrays(n * n, n * (n + (n % 2)), n * n, n, n);
  invert(chain, bench, inverse, halves);
  for (const row of rows) cutRow(bench, { inverse, changes, weights, diagonal }, chain, row, n - free, prices);
}

/** About how many floating-point operations rows of so many columns take, where a good half is cut. */
export function cutOperations(rows: number, columns: number): number {
  return (rows / 4 + 1) * columns ** 3;
}

/** In place of the diagonal's number. */
const CUT = Number.NEGATIVE_INFINITY;

interface Scratch {
  /** D, by the order of the chain. */
  readonly inverse: Float64Array;
  /** What was subtracted from it: the columns D_j / sqrt(D_jj) of those that were cut, one after the other. */
  readonly changes: Float64Array;
  readonly weights: Float64Array;
  readonly diagonal: Float64Array;
}

function cutRow(
  { kernels }: Workspace,
  { inverse, changes, weights, diagonal }: Scratch,
  { order }: Chain,
  row: CutRow,
  bound: number,
  prices: Prices,
): void {
  const n = order.length;
  for (let k = 0; k < n; k++) {
    weights[k] = row.weights[order[k]];
    diagonal[k] = inverse[k * n + k];
  }
  let count = 0;
  const cut = (k: number) => {
    const change = changes.subarray(count * n, (count + 1) * n);
    change.set(inverse.subarray(k * n, (k + 1) * n));
    for (let before = 0; before < count; before++) {
      const at = before * n;
      kernels.addScaled(n, -changes[at + k], changes.byteOffset + 8 * at, change.byteOffset);
    }
    const root = Math.sqrt(change[k]);
    for (let i = 0; i < n; i++) change[i] /= root;
    kernels.addScaled(n, -weights[k] / root, change.byteOffset, weights.byteOffset);
    for (let i = 0; i < n; i++) diagonal[i] -= change[i] ** 2;
    diagonal[k] = CUT;
    count++;
  };
  // Those that were cut before are no part of what is left to make up for others.
  for (let k = 0; k < bound; k++) if (weights[k] === 0) cut(k);
  for (;;) {
    let [best, least] = [-1, 1];
    for (let k = 0; k < bound; k++) {
      if (diagonal[k] <= 0) continue;
      const cost = weights[k] ** 2 / diagonal[k] / (row.price * bitsOfMore(weights[k] / row.scale, prices));
      if (cost < least) [best, least] = [k, cost];
    }
    if (best < 0) break;
    cut(best);
  }
  for (let k = 0; k < n; k++) row.weights[order[k]] = diagonal[k] === CUT ? 0 : weights[k];
}

/** With T the triangle, H = T' T, and S the inverse of T, D is S S'. */
function invert({ order, triangle }: Chain, { kernels }: Workspace, inverse: Float64Array, s: Float64Array): void {
  const n = order.length;
  const pitch = s.length / n;
  s.fill(0);
  for (let k = 0; k < n; k++) {
    const row = s.byteOffset + 8 * k * pitch;
    const pivot = triangle[k * n + k];
    for (let j = 0; j < k; j++) {
      const factor = triangle[k * n + j];
      if (factor !== 0) kernels.addScaled(j + 1, -factor / pivot, s.byteOffset + 8 * j * pitch, row);
    }
    s[k * pitch + k] = 1 / pivot;
  }
  inverse.fill(0);
  kernels.gram(n, pitch, s.byteOffset, inverse.byteOffset);
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) inverse[i * n + j] = inverse[j * n + i];
}
