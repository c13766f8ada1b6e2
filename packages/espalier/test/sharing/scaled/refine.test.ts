import { describe, expect, it } from "vitest";
import { random } from "../../../src/random.ts";
import { chainOf } from "../../../src/sharing/scaled/chain.ts";
import { decideRow, firstPrices } from "../../../src/sharing/scaled/decide.ts";
import { refineRow } from "../../../src/sharing/scaled/refine.ts";
import { MOST_CODE } from "../../../src/sharing/scaled/scaled.ts";

const n = 12;
const { normal } = random(7, "refine");
const second = new Float32Array(n * n);
for (let sample = 0; sample < 50; sample++) {
  const common = normal();
  const x = Array.from({ length: n }, (_, j) => (j === n - 1 ? 1 : normal() + common));
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) second[i * n + j] += (x[i] * x[j]) / 50;
}
const chain = chainOf(second, n, 1);
const prices = firstPrices();

/** What a row costs in error and bits. */
function costOf(wanted: Float32Array, codes: Int16Array, freed: Float64Array, scale: number, price: number): number {
  const errors = Array.from(wanted, (w, j) => (j < n - 1 ? w - scale * codes[j] : w - freed[0]));
  let cost = 0;
  for (let i = 0; i < n; i++) {
    cost += chain.ridge * errors[i] ** 2;
    for (let j = 0; j < n; j++) cost += errors[i] * second[i * n + j] * errors[j];
  }
  for (const code of codes) cost += price * prices[MOST_CODE + code];
  return cost;
}

describe("a row that is decided again", () => {
  it("costs less, or as much where nothing is left to gain, and what is cut stays cut", () => {
    let gained = 0;
    for (let seed = 0; seed < 30; seed++) {
      const wanted = Float32Array.from({ length: n }, (_, j) => (j === 4 ? 0 : normal()));
      const [codes, freed] = [new Int16Array(n - 1), new Float64Array(1)];
      const row = { wanted, scale: 0.5, price: 0.02, free: 1 };
      decideRow(chain, row, prices, codes, freed, new Float64Array(n));
      const before = costOf(wanted, codes, freed, 0.5, 0.02);
      refineRow(chain, row, prices, codes, freed);
      const after = costOf(wanted, codes, freed, 0.5, 0.02);
      expect(after).toBeLessThanOrEqual(before + 1e-9);
      expect(codes[4]).toBe(0);
      gained += before - after;
      const settled = [codes.slice(), freed.slice()];
      refineRow(chain, row, prices, codes, freed);
      expect(costOf(wanted, codes, freed, 0.5, 0.02)).toBeLessThanOrEqual(after + 1e-9);
      expect(codes).toEqual(settled[0]);
    }
    expect(gained).toBeGreaterThan(0);
  });
});
