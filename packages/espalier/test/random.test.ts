import { describe, expect, it } from "vitest";
import { permutation, random } from "../src/random.ts";

const take = (count: number, next: () => number) => Array.from({ length: count }, next);

describe("random", () => {
  it("gives the same numbers for the same seed and path, and others for others", () => {
    const numbers = (seed: number, ...path: (string | number)[]) => take(5, random(seed, ...path).uniform);
    expect(numbers(1, "a", 2)).toEqual(numbers(1, "a", 2));
    for (const other of [numbers(2, "a", 2), numbers(1, "b", 2), numbers(1, "a", 3)])
      expect(other).not.toEqual(numbers(1, "a", 2));
  });

  it("never changes: results in the documentation depend on it", () => {
    expect(take(4, () => random(1, "pinned").below(1_000_000))[0]).toBe(617871);
  });

  it("is uniform, and normal", () => {
    const { uniform, normal } = random(3, "moments");
    const moments = (values: number[]) => {
      const mean = values.reduce((a, b) => a + b) / values.length;
      return [mean, values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length];
    };
    const [mean, variance] = moments(take(20_000, uniform));
    expect(mean).toBeCloseTo(0.5, 1.5);
    expect(variance).toBeCloseTo(1 / 12, 2);
    const [center, spread] = moments(take(20_000, normal));
    expect(Math.abs(center)).toBeLessThan(0.03);
    expect(Math.abs(spread - 1)).toBeLessThan(0.05);
  });

  it("orders every index once", () => {
    const order = permutation(1000, random(1, "order"));
    expect([...order].sort((a, b) => a - b)).toEqual(
      take(
        1000,
        (() => {
          let i = 0;
          return () => i++;
        })(),
      ),
    );
    expect([...order]).not.toEqual([...order].sort((a, b) => a - b));
  });
});
