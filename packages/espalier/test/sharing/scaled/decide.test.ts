import { describe, expect, it } from "vitest";
import { random } from "../../../src/random.ts";
import { chainOf } from "../../../src/sharing/scaled/chain.ts";
import { decideRow, firstPrices, pricesOf } from "../../../src/sharing/scaled/decide.ts";
import { MOST_CODE, scaleFor, writtenOut } from "../../../src/sharing/scaled/scaled.ts";

const n = 9;
const free = 1;

/** Moments of inputs that have much in common; the last is the bias's. */
function moments(): Float32Array {
  const { normal } = random(5, "moments");
  const second = new Float32Array(n * n);
  for (let sample = 0; sample < 60; sample++) {
    const common = normal();
    const x = Array.from({ length: n }, (_, j) => (j === n - 1 ? 1 : normal() * (j + 1) * 0.2 + common));
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) second[i * n + j] += (x[i] * x[j]) / 60;
  }
  return second;
}

const second = moments();
const chain = chainOf(second, n, free);
const weights = (seed: number) => {
  const { normal } = random(seed, "weights");
  return Float32Array.from({ length: n }, (_, j) => (j === 2 ? 0 : normal()));
};

function decided(scale: number, price: number, wanted = weights(1)) {
  const prices = firstPrices();
  const codes = new Int16Array(n - free);
  const freed = new Float64Array(free);
  const error = decideRow(chain, { wanted, scale, price, free }, prices, codes, freed, new Float64Array(n));
  return { codes, freed, error };
}

/** e' H e, where the bias is as it is given. */
function squaredError(wanted: Float32Array, values: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) sum += (wanted[i] - values[i]) * second[i * n + j] * (wanted[j] - values[j]);
  }
  return sum;
}

describe("a chain", () => {
  it("is R with R R' = E[x x'], up to the ridge, those with the largest inputs first and the bias last", () => {
    const { order, triangle } = chain;
    expect(order[n - 1]).toBe(n - 1);
    const sizes = [...order.subarray(0, -1)].map((j) => second[j * n + j]);
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
    const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let k = 0; k < n; k++) sum += triangle[k * n + i] * triangle[k * n + j];
        const ridge = i === j ? 0.01 * mean : 0;
        expect(sum).toBeCloseTo(second[order[i] * n + order[j]] + ridge, 5);
      }
    }
  });
});

describe("a decided row", () => {
  it("has its error, and less of it than where each weight takes its nearest code", () => {
    let [all, alone] = [0, 0];
    for (let seed = 0; seed < 40; seed++) {
      const wanted = weights(seed);
      const { codes, freed, error } = decided(0.5, 0, wanted);
      const together = squaredError(wanted, [...Array.from(codes, (code) => 0.5 * code), freed[0]]);
      // The ridge counts the weights' own errors a little.
      expect(together).toBeLessThanOrEqual(error + 1e-6);
      all += together;
      alone += squaredError(
        wanted,
        [...wanted].map((w, j) => (j === n - 1 ? w : 0.5 * Math.round(2 * w))),
      );
    }
    expect(all).toBeLessThan(0.7 * alone);
  });

  it("keeps cut connections, and takes cheaper codes where bits cost more", () => {
    const zeros = (price: number) => decided(0.1, price).codes.filter((code) => code === 0).length;
    expect(decided(0.1, 0).codes[2]).toBe(0);
    expect(zeros(1e-2)).toBeGreaterThan(zeros(0));
    expect(zeros(1e6)).toBe(n - free);
  });

  it("asks for what was counted: the more often a code, the cheaper it is", () => {
    const counts = new Float64Array(2 * MOST_CODE + 1);
    counts[MOST_CODE] = 10;
    counts[MOST_CODE + 3] = 5;
    const prices = pricesOf(counts);
    expect(prices[MOST_CODE]).toBeLessThan(prices[MOST_CODE + 3]);
    expect(prices[MOST_CODE + 3]).toBeLessThan(prices[MOST_CODE + 1]);
  });
});

describe("scales", () => {
  it("are near to their step, and their products with all codes exact", () => {
    for (const step of [1e-6, 0.013, 0.99, 1, 37]) {
      const scale = scaleFor(step);
      expect(Math.abs(Math.log2(scale / step))).toBeLessThan(0.14);
      for (const code of [1, 3, -77, 1023, MOST_CODE]) expect(Math.fround(scale * code)).toBe(scale * code);
    }
  });

  it("lie along an axis", () => {
    const codes = Int16Array.from({ length: 12 }, (_, i) => i);
    const scales = Float32Array.of(1, 2, 4);
    expect([...writtenOut({ dims: [2, 3, 2], inner: 2, scales, codes }).data]).toEqual([
      0, 1, 4, 6, 16, 20, 6, 7, 16, 18, 40, 44,
    ]);
    expect([...writtenOut({ dims: [4, 3], inner: 1, scales, codes }).data]).toEqual([
      0, 2, 8, 3, 8, 20, 6, 14, 32, 9, 20, 44,
    ]);
  });
});
