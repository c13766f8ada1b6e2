import { describe, expect, it } from "vitest";
import { random } from "../../../src/random.ts";
import { chainOf } from "../../../src/sharing/scaled/chain.ts";
import { cutOperations, cutRows } from "../../../src/sharing/scaled/cut.ts";
import { firstPrices } from "../../../src/sharing/scaled/decide.ts";

const N = 9;

/** Moments of inputs that go together. */
function moments(): Float32Array {
  const chance = random(1, "moments");
  const rows = Array.from({ length: 40 }, () => {
    const common = chance.normal();
    return Float64Array.from({ length: N }, () => chance.normal() + common);
  });
  return Float32Array.from({ length: N * N }, (_, at) =>
    rows.reduce((sum, row) => sum + (row[Math.floor(at / N)] * row[at % N]) / rows.length, 0),
  );
}

const WEIGHTS = Float32Array.of(0.9, -0.05, 0.4, 0.1, -0.7, 0, 0.03, 1.2, 0.5);

describe("cutting a row", () => {
  const second = moments();
  const chain = chainOf(second, N, 1);
  const cut = (price: number) => {
    const weights = WEIGHTS.slice();
    cutRows(chain, [{ weights, scale: 0.1, price }], 1, firstPrices());
    return weights;
  };
  const slopes = (weights: Float32Array) =>
    Array.from(weights, (_, i) => {
      let sum = chain.ridge * (WEIGHTS[i] - weights[i]);
      for (let j = 0; j < N; j++) sum += second[i * N + j] * (WEIGHTS[j] - weights[j]);
      return sum;
    });

  it("cuts more the dearer a bit is, keeps what is cut, and never the bias", () => {
    const kept = [0, 1e-3, 0.03, 10].map((price) => cut(price).reduce((count, w) => count + (w === 0 ? 0 : 1), 0));
    expect(kept[0]).toBe(N - 1);
    expect(kept).toEqual(kept.toSorted((a, b) => b - a));
    expect(kept.at(-1)).toBe(1);
    expect(cut(0.03)[5]).toBe(0);
  });

  it("takes the more time the wider rows are", () => {
    expect(cutOperations(64, 2048) / cutOperations(64, 256)).toBe(512);
  });

  it("leaves the weights of least error among those that are left", () => {
    const weights = cut(0.03);
    const left = [...weights.keys()].filter((i) => weights[i] !== 0);
    expect(left.length).toBeLessThan(N - 1);
    expect(left.length).toBeGreaterThan(2);
    for (const i of left) expect(slopes(weights)[i]).toBeCloseTo(0, 5);
  });
});
