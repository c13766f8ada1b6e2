import type { Kernels } from "./kernels.ts";

/** Rows and columns of a block, and columns of a tile of it, as in assembly/factor.ts. */
const BLOCK = 64;
const TILE = 4;

/** The kernels in plain JavaScript: the same operations in the same order, and so the same results to the last bit. */
export function plainKernels(memory: WebAssembly.Memory | { readonly buffer: ArrayBufferLike }): Kernels {
  const all = () => new Float64Array(memory.buffer);
  return {
    factor(n, matrix, least) {
      const r = new Float64Array(memory.buffer, matrix, n * n);
      for (let column = n - 1; column >= 0; column--) {
        const right = n - BLOCK * Math.floor((n - 1 - column) / BLOCK);
        const end = right - TILE * Math.floor((right - 1 - column) / TILE);
        for (let row = column; row >= 0; row--) {
          let left = r[row * n + column];
          for (let from = right; from < n; from += BLOCK) {
            left -= dot(r, row * n + from, column * n + from, BLOCK);
          }
          if (end < right) left -= dot(r, row * n + end, column * n + end, right - end);
          for (let k = column + 1; k < end; k++) left -= r[row * n + k] * r[column * n + k];
          r[row * n + column] = row === column ? Math.sqrt(Math.max(left, least)) : left / r[column * n + column];
        }
      }
      for (let row = 1; row < n; row++) r.fill(0, row * n, row * n + row);
    },
    addScaled(count, f, x, y) {
      const data = all();
      for (let i = 0; i < count; i++) data[y / 8 + i] += f * data[x / 8 + i];
    },
    gram(rows, pitch, s, g) {
      const data = all();
      for (let i = 0; i < rows; i++) {
        for (let j = i; j < rows; j++) {
          data[g / 8 + i * rows + j] += dot(data, s / 8 + i * pitch, s / 8 + j * pitch, pitch);
        }
      }
    },
  };
}

/** The sum of products, even and odd places apart. */
function dot(data: Float64Array, a: number, b: number, count: number): number {
  let [even, odd] = [0, 0];
  for (let k = 0; k < count; k += 2) {
    even += data[a + k] * data[b + k];
    odd += data[a + k + 1] * data[b + k + 1];
  }
  return even + odd;
}
