import type { Workspace } from "../../reconstruction/kernels/kernels.ts";
import type { LeastSquares, Shape } from "../../reconstruction/least-squares.ts";

/** A row of weights as the chain in which they are decided. */
export interface Chain {
  /** The columns of its connections in that order; the bias, which takes any value, is the last. */
  readonly columns: Int32Array;
  /** R, an upper triangle [n, n] with H = R R', where H is E[x x'] of those columns. */
  readonly triangle: Float64Array;
}

/** All that rows are made of; a structured clone carries it. */
export interface RowsData extends Pick<LeastSquares, "second" | "diagonal"> {
  /** Of the whole layer. */
  readonly shape: Shape;
  /** Columns at the end of each row that are no connections: the bias. */
  readonly fixed: number;
  /** Of the connections of these rows, and of those columns at the end of each. */
  readonly mask: Uint8Array;
  /** The rows of the layer that these are; the mask has no others. */
  readonly from: number;
  readonly to: number;
}

/** Under the root, where 32-bit moments leave less than nothing. */
const LEAST = 1e-12;

/**
 * The rows of a layer as chains. With e = w - q the error of a row is e' H e = |R' e|^2, whose k-th element,
 * R_kk (w_k - q_k + sum over j < k of R_jk e_j / R_kk), is known once the weights up to k are decided. So each weight
 * makes up for the errors of those before it (Frantar et al., GPTQ, arXiv 2210.17323, whose inverse Hessian is not
 * needed; as a search for the nearest point of a lattice it is Babai's, Combinatorica 6, 1986). The columns with the
 * largest inputs are decided first, while the most are left to make up for them.
 *
 * No triangle is kept: to compute one anew takes less time than memory of all would.
 */
export class Rows {
  readonly count: number;
  /** Columns of the matrices, the last `fixed` of them no connections: the bias. */
  readonly width: number;
  readonly fixed: number;
  readonly #data: RowsData;
  /** All columns of a group as chains have them. */
  #order: { readonly group: number; readonly columns: Int32Array } | undefined;
  #last: { readonly row: number; readonly columns: Int32Array } | undefined;

  constructor(data: RowsData) {
    this.count = data.to - data.from;
    this.width = data.shape.columns;
    this.fixed = data.fixed;
    this.#data = data;
  }

  /** Weights, those that are cut among them. */
  get weights(): number {
    return this.count * (this.width - this.fixed);
  }

  /** The columns of a row's chain. */
  columns(row: number): Int32Array {
    if (this.#last && this.alike(row, this.#last.row)) return this.#last.columns;
    const { mask } = this.#data;
    const ends = this.width - this.fixed;
    const columns = this.#ordered(this.#group(row)).filter((j) => j >= ends || mask[row * this.width + j] !== 0);
    this.#last = { row, columns };
    return columns;
  }

  /**
   * Writes the triangle of a row's chain where a workspace has room for it. H has a ridge on its diagonal, and is
   * definite.
   */
  factor(row: number, triangle: Float64Array, { kernels }: Workspace): void {
    const { second } = this.#data;
    const columns = this.columns(row);
    const n = columns.length;
    const base = this.#group(row) * this.width * this.width;
    for (let i = 0, at = 0; i < n; i++) {
      const line = base + columns[i] * this.width;
      at = i * n + i;
      for (let k = i; k < n; k++) triangle[at++] = second[line + columns[k]];
    }
    kernels.factor(n, triangle.byteOffset, LEAST);
  }

  /** Whether two rows have the same chain. */
  alike(a: number, b: number): boolean {
    if (a === b) return true;
    if (this.#group(a) !== this.#group(b)) return false;
    const { mask } = this.#data;
    const { width } = this;
    for (let j = 0; j < width; j++) if (mask[a * width + j] !== mask[b * width + j]) return false;
    return true;
  }

  /** Connections of a row that are left, and its bias. */
  live(row: number): number {
    const { mask } = this.#data;
    let live = 0;
    for (let i = row * this.width; i < (row + 1) * this.width; i++) if (mask[i] !== 0) live++;
    return live;
  }

  /** Some of these rows, to be looked at by themselves. */
  part(from: number, to: number): RowsData {
    const { mask, from: first } = this.#data;
    return {
      ...this.#data,
      mask: mask.slice(from * this.width, to * this.width),
      from: first + from,
      to: first + to,
    };
  }

  /** E[x x'] of two columns, as a row sees them. */
  moment(row: number, i: number, j: number): number {
    return this.#data.second[(this.#group(row) * this.width + i) * this.width + j];
  }

  #group(row: number): number {
    return Math.floor((this.#data.from + row) / this.#data.shape.rows);
  }

  #ordered(group: number): Int32Array {
    if (this.#order?.group === group) return this.#order.columns;
    const { diagonal } = this.#data;
    const ends = this.width - this.fixed;
    const size = (j: number) => diagonal[group * this.width + j];
    const columns = Int32Array.from({ length: this.width }, (_, j) => j);
    // Sorting keeps the order of those that are equal.
    columns.subarray(0, ends).sort((a, b) => size(b) - size(a) || a - b);
    this.#order = { group, columns };
    return columns;
  }
}
