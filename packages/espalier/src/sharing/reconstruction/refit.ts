import { CholeskyDecomposition, Matrix } from "ml-matrix";
import type { Entry } from "../entropy.ts";
import type { Decided } from "./decide.ts";
import type { Rows } from "./rows.ts";

/** The part of its own square by which each value is held where it is: values that few weights have would run away. */
const HOLD = 1e-3;

/**
 * The values of a codebook at which the layer's error is least, for weights that keep their codes: by least squares,
 * min |R' (w - P c)|^2 over all rows, where P says which weight has which value. Zero stays zero.
 */
export function refit(rows: Rows, wanted: Float32Array, { codes, entries }: Decided): Entry[] {
  const zero = entries.findIndex(({ value }) => value === 0);
  const free = [...entries.keys()].filter((code) => code !== zero && entries[code].count > 0);
  if (free.length === 0) return [...entries];
  const place = Int32Array.from(entries, (_, code) => free.indexOf(code));
  const { products, onto } = normalEquations(rows, wanted, { codes, place, size: free.length });
  for (let i = 0; i < free.length; i++) {
    const hold = HOLD * products.get(i, i) + Number.MIN_VALUE;
    products.set(i, i, products.get(i, i) + hold);
    onto.set(i, 0, onto.get(i, 0) + hold * entries[free[i]].value);
  }
  const decomposition = new CholeskyDecomposition(products);
  if (!decomposition.isPositiveDefinite()) return [...entries];
  const solved = decomposition.solve(onto);
  return entries.map((entry, code) =>
    place[code] < 0 ? entry : { ...entry, value: Math.fround(solved.get(place[code], 0)) },
  );
}

function normalEquations(
  rows: Rows,
  wanted: Float32Array,
  { codes, place, size }: { codes: Uint8Array; place: Int32Array; size: number },
) {
  const { width, fixed } = rows;
  const products = new Float64Array(size * size);
  const onto = new Float64Array(size);
  const seen = new Float64Array(size);
  let at = 0;
  for (let row = 0; row < rows.count; row++) {
    const { columns, triangle } = rows.chain(row);
    const n = columns.length;
    for (let k = 0; k < n - fixed; k++) {
      // The k-th element of R' w, and of R' P for each value.
      let target = 0;
      seen.fill(0);
      for (let j = 0; j <= k; j++) {
        const r = triangle[j * n + k];
        target += r * wanted[row * width + columns[j]];
        const value = place[codes[at + j]];
        if (value >= 0) seen[value] += r;
      }
      for (let i = 0; i < size; i++) {
        if (seen[i] === 0) continue;
        onto[i] += seen[i] * target;
        for (let j = 0; j < size; j++) products[i * size + j] += seen[i] * seen[j];
      }
    }
    at += n - fixed;
  }
  return { products: Matrix.from1DArray(size, size, products), onto: Matrix.columnVector(onto) };
}
