import { describe, expect, it } from "vitest";
import { walkPrices } from "../../src/sharing/price-walk.ts";
import { CURVE, type CurvePoint, walkCuts } from "../../src/sharing/scaled/walk-curve.ts";

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

describe("a walk along cuts", () => {
  /** The cuts and prices that are tried where cuts up to one make networks smaller. */
  async function walkedCuts(pays: number) {
    let best = { lambda: 0.1, cut: 0, epochs: 0, bytes: 1000, density: 1, fidelity: 99, accepted: true };
    const tried: CurvePoint[] = [];
    await walkCuts(
      () => best,
      async (lambda, cut) => {
        const bytes = Math.round(1000 * (0.1 / lambda) ** 0.3 * (cut <= pays ? 0.9 : 1.1));
        const point = { ...best, lambda, cut, bytes, accepted: lambda <= 0.1 };
        tried.push(point);
        if (point.accepted && bytes < best.bytes) best = point;
        return point.accepted || bytes >= best.bytes;
      },
    );
    return { best, tried };
  }

  it("goes on while a cut pays, near the price that was found", async () => {
    const { best, tried } = await walkedCuts(2);
    expect(best.cut).toBeGreaterThan(0);
    expect(best.bytes).toBeLessThan(950);
    for (const { lambda } of tried) expect(Math.abs(Math.log(lambda / 0.1))).toBeLessThan(4 * Math.log(1.5));
    expect(tried.length).toBeLessThan(16);
  });

  it("ends at the first that does not", async () => {
    const { best, tried } = await walkedCuts(0);
    expect(best.cut).toBe(0);
    expect(new Set(tried.map(({ cut }) => cut)).size).toBe(1);
  });
});
