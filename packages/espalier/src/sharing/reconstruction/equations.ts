import type { Kernels } from "../../reconstruction/kernels/kernels.ts";
import type { Chain } from "./rows.ts";

/** Normal equations of the values c at which |R' (w - P c)|^2 is least over rows, where P says which weight has which value. */
export interface Equations {
  /** P' R R' P, [values, values]. */
  readonly products: Float64Array;
  /** P' R R' w. */
  readonly onto: Float64Array;
}

/** Sums up normal equations row by row. Zero is a value that does not move, and has no part in them. */
export class EquationSums {
  readonly equations: Equations;
  /** Numbers that {@link add} needs room for. */
  readonly scratch: readonly [seen: number, products: number];
  readonly #zero: number;
  /** Where among a row's own values each is; 0 for those that it does not have. */
  readonly #places: Int32Array;

  /** @param longest the most columns of a row */
  constructor(values: Float32Array, longest: number) {
    const size = values.length;
    this.equations = { products: new Float64Array(size * size), onto: new Float64Array(size) };
    const most = 1 + Math.min(size, longest);
    this.scratch = [most * even(longest), most * most];
    this.#zero = values.indexOf(0);
    this.#places = new Int32Array(size);
  }

  /** @param row by column what is wanted, and the codes of the chain's connections */
  add(
    kernels: Kernels,
    [seen, products]: readonly Float64Array[],
    { columns, triangle }: Chain,
    { wanted, codes }: { readonly wanted: Float32Array; readonly codes: Uint8Array },
  ): void {
    const n = columns.length;
    const m = codes.length;
    const pitch = even(m);
    const own: number[] = [];
    // R' w, and R' P of each value that the row has.
    seen.fill(0, 0, pitch);
    for (let j = 0; j < m; j++) {
      const line = triangle.byteOffset + 8 * (j * n + j);
      const begin = seen.byteOffset + 8 * j;
      kernels.addScaled(m - j, wanted[columns[j]], line, begin);
      const code = codes[j];
      if (code === this.#zero) continue;
      if (this.#places[code] === 0) {
        this.#places[code] = own.push(code);
        seen.fill(0, pitch * own.length, pitch * (own.length + 1));
      }
      kernels.addScaled(m - j, 1, line, begin + 8 * pitch * this.#places[code]);
    }
    const size = own.length + 1;
    products.fill(0, 0, size * size);
    kernels.gram(size, pitch, seen.byteOffset, products.byteOffset);
    this.#scatter(own, products);
    for (const code of own) this.#places[code] = 0;
  }

  #scatter(own: readonly number[], products: Float64Array): void {
    const total = this.#places.length;
    const size = own.length + 1;
    for (const [i, code] of own.entries()) {
      this.equations.onto[code] += products[i + 1];
      for (let j = i; j < own.length; j++) {
        const product = products[(i + 1) * size + j + 1];
        this.equations.products[code * total + own[j]] += product;
        if (j > i) this.equations.products[own[j] * total + code] += product;
      }
    }
  }
}

const even = (count: number) => count + (count % 2);

/** Adds up the equations of parts. */
export function addEquations(to: Equations, { products, onto }: Equations): void {
  for (let i = 0; i < products.length; i++) to.products[i] += products[i];
  for (let i = 0; i < onto.length; i++) to.onto[i] += onto[i];
}
