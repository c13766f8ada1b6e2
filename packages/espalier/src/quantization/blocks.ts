import type { Chain } from "../sharing/scaled/chain.ts";
import type { Looked } from "../sharing/scaled/looks.ts";
import { chainsOf } from "../sharing/scaled/scale-network.ts";

/** Weights [rows, columns] as codes from -8 to 7, each times the scale of its block of columns. */
export interface BlockedCodes {
  readonly rows: number;
  readonly columns: number;
  /** Columns that share a scale. */
  readonly block: number;
  /** Below zero where the largest weight of a block is above: it is then -8. */
  readonly scales: Float32Array;
  readonly codes: Int8Array;
}

/** What is rounded, by rows of output units. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

const [LEAST, MOST] = [-8, 7];

/** Blocks in a row. */
export const blocksIn = (columns: number, block: number) => Math.ceil(columns / block);

/**
 * Rounds each weight to the nearest code, the largest of a block being -8: what quantizers do, beside which others are
 * measured.
 */
export function nearestBlocks(matrix: Matrix, block: number): BlockedCodes {
  return withCodes(matrix, scalesOf(matrix, block, [1]), block);
}

/** The same with the scale of least squared error for each block. */
export function roundedBlocks(matrix: Matrix, block: number): BlockedCodes {
  return withCodes(matrix, scalesOf(matrix, block, REACHES), block);
}

/**
 * Rounds weights by what their layer reads and does to the outputs: each block has the scale of least error where inputs
 * are large, and weights that are decided later make up for the errors of those before (GPTQ: arXiv 2210.17323).
 */
export function fittedBlocks(matrix: Matrix, looked: Looked, block: number): BlockedCodes {
  const { rows, columns, data } = matrix;
  const squares = squaresOf(looked);
  const scales = scalesOf(matrix, block, REACHES, squares);
  const perRow = blocksIn(columns, block);
  const chains = chainsOf(looked).map(([chain]) => chain);
  const codes = new Int8Array(rows * columns);
  const errors = new Float64Array(Math.max(...chains.map(({ order }) => order.length)));
  for (let row = 0; row < rows; row++) {
    for (const [b, { start }] of looked.blocks.entries()) {
      decide(
        chains[b],
        errors,
        columns - start,
        (column) => {
          const at = row * columns + start + column;
          return { wanted: data[at], scale: scales[row * perRow + Math.floor((start + column) / block)], at };
        },
        codes,
      );
    }
  }
  return { rows, columns, block, scales, codes };
}

interface Weight {
  readonly wanted: number;
  readonly scale: number;
  readonly at: number;
}

/** Decides the codes of a row along a chain. @param bound columns that are weights: a bias behind them stays as it is */
function decide(
  { order, triangle }: Chain,
  errors: Float64Array,
  bound: number,
  weightOf: (column: number) => Weight,
  codes: Int8Array,
): void {
  const n = order.length;
  for (let k = 0; k < n; k++) {
    errors[k] = 0;
    if (order[k] >= bound) continue;
    let carried = 0;
    for (let j = 0; j < k; j++) carried += triangle[k * n + j] * errors[j];
    const { wanted, scale, at } = weightOf(order[k]);
    codes[at] = codeOf(wanted + carried / triangle[k * n + k], scale);
    errors[k] = wanted - scale * codes[at];
  }
}

/** The mean squares of what each column multiplies. */
function squaresOf({ linear: { columns }, blocks }: Looked): Float64Array {
  const squares = new Float64Array(columns);
  for (const { start, end, second } of blocks) {
    const size = end - start;
    for (let j = start; j < Math.min(end, columns); j++) squares[j] = second[(j - start) * (size + 1)];
  }
  return squares;
}

/** Parts of the largest weight that scales are tried for. */
const REACHES = [1, 0.96, 0.92, 0.88, 0.84, 0.8, 0.76, 0.72, 0.68, 0.64, 0.6];

/** The scale of least squared error of each block. @param squares how much the error of each column counts; default: alike */
function scalesOf(
  { rows, columns, data }: Matrix,
  block: number,
  reaches: readonly number[],
  squares?: Float64Array,
): Float32Array {
  const perRow = blocksIn(columns, block);
  return Float32Array.from({ length: rows * perRow }, (_, i) => {
    const row = Math.floor(i / perRow);
    const first = (i % perRow) * block;
    const last = Math.min(columns, first + block);
    let largest = 0;
    for (let j = first; j < last; j++) {
      const w = data[row * columns + j];
      if (Math.abs(w) > Math.abs(largest)) largest = w;
    }
    if (largest === 0) return 1;
    let [best, least] = [largest / LEAST, Number.POSITIVE_INFINITY];
    for (const reach of reaches.length > 1 ? reaches : []) {
      const scale = Math.fround((largest * reach) / LEAST);
      let error = 0;
      for (let j = first; j < last; j++) {
        const w = data[row * columns + j];
        error += (squares?.[j] ?? 1) * (w - scale * codeOf(w, scale)) ** 2;
      }
      if (error < least) [best, least] = [scale, error];
    }
    return best;
  });
}

const codeOf = (weight: number, scale: number) => Math.max(LEAST, Math.min(MOST, Math.round(weight / scale)));

function withCodes({ rows, columns, data }: Matrix, scales: Float32Array, block: number): BlockedCodes {
  const perRow = blocksIn(columns, block);
  const codes = Int8Array.from(data, (w, i) => {
    const row = Math.floor(i / columns);
    return codeOf(w, scales[row * perRow + Math.floor((i % columns) / block)]);
  });
  return { rows, columns, block, scales, codes };
}
