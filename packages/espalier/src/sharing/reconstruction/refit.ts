import { CholeskyDecomposition, Matrix } from "ml-matrix";
import type { Entry } from "../entropy.ts";
import type { Decided } from "./decide.ts";

/** The part of its own square by which each value is held where it is: values that few weights have would run away. */
const HOLD = 1e-3;

/**
 * The values of a codebook at which the layer's error is least, for weights that keep their codes: by least squares,
 * min |R' (w - P c)|^2 over all rows, where P says which weight has which value. Zero stays zero.
 */
export function refit({ entries, equations }: Pick<Decided, "entries" | "equations">): Entry[] {
  const zero = entries.findIndex(({ value }) => value === 0);
  const free = [...entries.keys()].filter((code) => code !== zero && entries[code].count > 0);
  if (free.length === 0) return [...entries];
  const size = free.length;
  const products = new Matrix(size, size);
  const onto = new Matrix(size, 1);
  for (const [i, code] of free.entries()) {
    for (const [j, other] of free.entries()) products.set(i, j, equations.products[code * entries.length + other]);
    const hold = HOLD * products.get(i, i) + Number.MIN_VALUE;
    products.set(i, i, products.get(i, i) + hold);
    onto.set(i, 0, equations.onto[code] + hold * entries[code].value);
  }
  const decomposition = new CholeskyDecomposition(products);
  if (!decomposition.isPositiveDefinite()) return [...entries];
  const solved = decomposition.solve(onto);
  return entries.map((entry, code) => {
    const place = free.indexOf(code);
    return place < 0 ? entry : { ...entry, value: Math.fround(solved.get(place, 0)) };
  });
}
