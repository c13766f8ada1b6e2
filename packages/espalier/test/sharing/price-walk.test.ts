import { describe, expect, it } from "vitest";
import { walkPrices } from "../../src/sharing/price-walk.ts";
import { CURVE } from "../../src/sharing/scaled/walk-curve.ts";

/** The prices that are tried up to a limit, and the highest that was good enough. */
async function walked(limit: number) {
  const tried: number[] = [];
  let last = 0;
  await walkPrices(async (price) => {
    tried.push(price);
    if (price <= limit) last = price;
    return price <= limit;
  }, CURVE);
  return { tried, last };
}

describe("a walk along prices", () => {
  it("ends at the highest that is good enough, from either side", async () => {
    for (const limit of [0.003, 7]) {
      const { tried, last } = await walked(limit);
      expect(last).toBe(Math.max(...tried.filter((price) => price <= limit)));
      expect(Math.min(...tried.filter((price) => price > limit)) / last).toBeLessThanOrEqual(CURVE.leastStep);
      expect(tried.length).toBeLessThan(12);
    }
  });

  it("ends where nothing is good enough, or everything", async () => {
    const [nothing, everything] = [(await walked(0)).tried, (await walked(Number.POSITIVE_INFINITY)).tried];
    expect(nothing.at(-1)).toBeLessThan(CURVE.least * CURVE.step);
    expect(everything.at(-1)).toBeGreaterThan(CURVE.most / CURVE.step);
  });
});
