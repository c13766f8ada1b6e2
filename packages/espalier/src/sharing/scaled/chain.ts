import { workspace } from "../../reconstruction/kernels/kernels.ts";

/**
 * The second moments of some inputs as a triangle, in the order in which their weights are decided. With e = w - q the
 * error of a row is e' H e = |R' e|^2, H = R R', whose k-th element is known once the weights up to k are decided: so
 * each makes up for the errors of those before it (Frantar et al., GPTQ, arXiv 2210.17323, whose inverse Hessian is not
 * needed; as a search for the nearest point of a lattice it is Babai's, Combinatorica 6, 1986).
 */
export interface Chain {
  /** The moments themselves, [n, n], in the order of the columns, and what is added to their diagonal. */
  readonly second: Float32Array;
  readonly ridge: number;
  /** Columns, those with the largest inputs first, while the most are left to make up for them; the free ones last. */
  readonly order: Int32Array;
  /** R' by its rows, a lower triangle [n, n]: what weight j brings to the k-th element is at k n + j. */
  readonly triangle: Float64Array;
  /** The geometric mean of the squares of its diagonal, without the free columns. */
  readonly curvature: number;
}

/** The part of the mean square that is added to each: what the samples do not show stays as it was. */
const RIDGE = 0.01;
/** The least that rounding leaves of a square, as a part of the mean. */
const LEAST = 1e-6;

/**
 * Cholesky's decomposition from the last column to the first.
 * @param second moments [columns, columns]
 * @param free columns at the end whose weights take any value: the bias
 */
export function chainOf(second: Float32Array, columns: number, free: number): Chain {
  const n = columns;
  const bound = n - free;
  let mean = 0;
  for (let j = 0; j < bound; j++) mean += second[j * n + j] / bound;
  mean ||= 1;
  const order = Int32Array.from({ length: n }, (_, j) => j);
  order.subarray(0, bound).sort((a, b) => second[b * n + b] - second[a * n + a] || a - b);
  const bench = workspace();
  const [r] = bench.arrays(n * n);
  const ridge = RIDGE * mean;
  for (let i = 0; i < n; i++) {
    for (let k = i; k < n; k++) r[i * n + k] = second[order[i] * n + order[k]];
    r[i * n + i] += ridge;
  }
  bench.kernels.factor(n, r.byteOffset, LEAST * mean);
  let logarithms = 0;
  for (let k = 0; k < bound; k++) logarithms += 2 * Math.log(r[k * n + k]);
  const curvature = Math.exp(logarithms / Math.max(1, bound));
  return { second, ridge, order, triangle: turned(r, n), curvature };
}

/** An upper triangle with its rows as columns. */
function turned(r: Float64Array, n: number): Float64Array {
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = i; j < n; j++) result[j * n + i] = r[i * n + j];
  return result;
}
