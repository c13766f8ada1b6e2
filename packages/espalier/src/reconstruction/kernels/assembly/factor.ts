import { place, subtractDot, subtractDots } from "./dots";

/** Rows and columns of a block: three of them lie in the second cache, and the part that is read again in the first. */
const BLOCK = 64;
/** Columns that are computed together. */
const TILE = 4;

/**
 * H = R R' with R an upper triangle, in the place of H: Cholesky's decomposition from the last column to the first, in
 * blocks that are counted from the end. Only the upper half of H is read; the lower becomes zero. Pointers are in bytes.
 * @param matrix f64 [n, n]
 * @param least under the root, where rounded moments leave less than nothing
 */
export function factor(n: i32, matrix: usize, least: f64): void {
  const pitch = (<usize>n) << 3;
  for (let right = n; right > 0; right -= BLOCK) {
    const left = max(right - BLOCK, 0);
    for (let bottom = right; bottom > 0; bottom -= BLOCK) {
      const top = max(bottom - BLOCK, 0);
      for (let from = right; from < n; from += BLOCK) {
        for (let end = right; end > left; end -= TILE) {
          subtract(matrix, pitch, top, min(bottom, end), max(end - TILE, left), end, from, BLOCK);
        }
      }
      for (let end = right; end > left; end -= TILE) {
        const begin = max(end - TILE, left);
        subtract(matrix, pitch, top, min(bottom, end), begin, end, end, right - end);
        for (let column = end - 1; column >= begin; column--) {
          if (bottom === right) pivot(matrix, pitch, column, end, least);
          divide(matrix, pitch, top, min(bottom, column), column, end);
        }
      }
    }
  }
  for (let row: usize = 1; row < <usize>n; row++) memory.fill(matrix + row * pitch, 0, row << 3);
}

/** From a tile of some rows: the products of what lies `depth` columns wide from another column on. */
function subtract(
  matrix: usize,
  pitch: usize,
  top: i32,
  bottom: i32,
  begin: i32,
  end: i32,
  from: i32,
  depth: i32,
): void {
  if (depth === 0) return;
  let row = top;
  if (end - begin === TILE) {
    for (; row + 2 <= bottom; row += 2) subtractDots(matrix, pitch, row, begin, from, depth);
  }
  for (; row < bottom; row++) {
    for (let column = begin; column < end; column++) subtractDot(matrix, pitch, row, column, from, depth);
  }
}

/** The diagonal's element of a column, of which all behind its tile is subtracted. */
function pivot(matrix: usize, pitch: usize, column: i32, end: i32, least: f64): void {
  const at = place(matrix, pitch, column, column);
  store<f64>(at, sqrt<f64>(max<f64>(remainder(matrix, pitch, column, column, end), least)));
}

/** The column's elements of some rows. */
function divide(matrix: usize, pitch: usize, top: i32, bottom: i32, column: i32, end: i32): void {
  const pivot = load<f64>(place(matrix, pitch, column, column));
  for (let row = top; row < bottom; row++) {
    store<f64>(place(matrix, pitch, row, column), remainder(matrix, pitch, row, column, end) / pivot);
  }
}

function remainder(matrix: usize, pitch: usize, row: i32, column: i32, end: i32): f64 {
  let left = load<f64>(place(matrix, pitch, row, column));
  for (let k = column + 1; k < end; k++) {
    left -= load<f64>(place(matrix, pitch, row, k)) * load<f64>(place(matrix, pitch, column, k));
  }
  return left;
}
