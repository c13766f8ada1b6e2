import type { LeastSquares, Shape } from "../../reconstruction/least-squares.ts";

/** A row of weights as the chain in which they are decided. */
export interface Chain {
  /** The columns of its connections in that order; the bias, which takes any value, is the last. */
  readonly columns: Int32Array;
  /** R, an upper triangle [n, n] with H = R R', where H is E[x x'] of those columns. */
  readonly triangle: Float64Array;
}

/** Triangles are kept for the next pass as long as all of a layer's fit in so much memory. */
const MOST_NUMBERS = 2 ** 25;

/**
 * The rows of a layer as chains. With e = w - q the error of a row is e' H e = |R' e|^2, whose k-th element,
 * R_kk (w_k - q_k + sum over j < k of R_jk e_j / R_kk), is known once the weights up to k are decided. So each weight
 * makes up for the errors of those before it (Frantar et al., GPTQ, arXiv 2210.17323, whose inverse Hessian is not
 * needed; as a search for the nearest point of a lattice it is Babai's, Combinatorica 6, 1986). The columns with the
 * largest inputs are decided first, while the most are left to make up for them.
 */
export class Rows {
  readonly count: number;
  /** Columns of the matrices, the last `fixed` of them no connections: the bias. */
  readonly width: number;
  readonly fixed: number;
  readonly #shape: Shape;
  readonly #squares: LeastSquares;
  readonly #mask: Uint8Array;
  readonly #kept: Chain[] = [];
  #numbers = 0;
  #last: { readonly group: number; readonly chain: Chain } | undefined;

  /** @param mask of the connections, with those columns at the end of each row that are none: `fixed` of them */
  constructor(shape: Shape, squares: LeastSquares, mask: Uint8Array, fixed: number) {
    this.count = shape.groups * shape.rows;
    this.width = shape.columns;
    this.fixed = fixed;
    this.#shape = shape;
    this.#squares = squares;
    this.#mask = mask;
  }

  /** Weights, those that are cut among them. */
  get weights(): number {
    return this.count * (this.width - this.fixed);
  }

  chain(row: number): Chain {
    const kept = this.#kept[row];
    if (kept) return kept;
    const group = Math.floor(row / this.#shape.rows);
    const columns = this.#columns(row, group);
    const last = this.#last;
    // Rows without any cut connection all have the same.
    const same = last?.group === group && last.chain.columns.join() === columns.join();
    const chain = same ? last.chain : { columns, triangle: this.#triangle(group, columns) };
    this.#last = { group, chain };
    if (!same) this.#numbers += chain.triangle.length;
    if (this.#numbers <= MOST_NUMBERS) this.#kept[row] = chain;
    return chain;
  }

  #columns(row: number, group: number): Int32Array {
    const columns = this.width;
    const ends = columns - this.fixed;
    const live = Array.from({ length: ends }, (_, j) => j).filter((j) => this.#mask[row * columns + j] !== 0);
    const { diagonal } = this.#squares;
    live.sort((a, b) => diagonal[group * columns + b] - diagonal[group * columns + a]);
    for (let j = ends; j < columns; j++) live.push(j);
    return Int32Array.from(live);
  }

  /** Cholesky's decomposition from the last column to the first. H has a ridge on its diagonal, and is definite. */
  #triangle(group: number, order: Int32Array): Float64Array {
    const columns = this.width;
    const { second } = this.#squares;
    const n = order.length;
    const r = new Float64Array(n * n);
    for (let k = n - 1; k >= 0; k--) {
      for (let i = k; i >= 0; i--) {
        let left = second[(group * columns + order[i]) * columns + order[k]];
        for (let j = k + 1; j < n; j++) left -= r[i * n + j] * r[k * n + j];
        r[i * n + k] = i === k ? Math.sqrt(Math.max(left, LEAST)) : left / r[k * n + k];
      }
    }
    return r;
  }
}

/** Under the root, where 32-bit moments leave less than nothing. */
const LEAST = 1e-12;
