import { describe, expect, it } from "vitest";
import { Histogram } from "../../src/quantization/histogram.ts";
import { affineOf } from "../../src/quantization/range.ts";
import { random } from "../../src/random.ts";

describe("affineOf", () => {
  it("tells zero exactly, and both ends", () => {
    const { scale, zero } = affineOf({ low: -1, high: 3 });
    expect(zero).toBe(64);
    expect((255 - zero) * scale).toBeCloseTo(3, 1);
    expect(-zero * scale).toBeCloseTo(-1, 1);
  });

  it.each([6, 1, 0.1, 3.3, 12.7])(
    "does not reach beyond a bound of %d, behind which a Clip would be needed",
    (high) => {
      const { scale, zero } = affineOf({ low: 0, high });
      expect(zero).toBe(0);
      expect(Math.fround(scale * 255)).toBeLessThanOrEqual(high);
      expect(scale * 255).toBeGreaterThan(high * (1 - 1e-6));
    },
  );

  it("has a scale for what is always zero", () => {
    expect(affineOf({ low: 0, high: 0 })).toEqual({ scale: 1, zero: 0 });
  });
});

/** The mean squared error of 256 codes of a range. */
function errorOf(numbers: Float32Array, range: { low: number; high: number }): number {
  const { scale, zero } = affineOf(range);
  return numbers.reduce((sum, x) => {
    const code = Math.max(0, Math.min(255, Math.round(x / scale) + zero));
    return sum + (x - scale * (code - zero)) ** 2 / numbers.length;
  }, 0);
}

describe("Histogram", () => {
  const { normal } = random(1, "numbers");
  const bell = Float32Array.from({ length: 50_000 }, normal);

  it("cuts off what is rare where the rest is then told better", () => {
    const histogram = new Histogram();
    for (let i = 0; i < 40; i++) histogram.add(bell);
    histogram.add(Float32Array.of(20, -15));
    const range = histogram.range();
    expect(range.high).toBeLessThan(8);
    expect(errorOf(bell, range)).toBeLessThan(0.2 * errorOf(bell, { low: -15, high: 20 }));
  });

  it("finds as good a range as any that is tried on the numbers themselves", () => {
    const histogram = new Histogram();
    for (let i = 0; i < 10; i++) histogram.add(bell.subarray(i * 5000, (i + 1) * 5000));
    const found = errorOf(bell, histogram.range());
    for (let reach = 1; reach < 6; reach += 0.1) {
      expect(found).toBeLessThan(1.1 * errorOf(bell, { low: -reach, high: reach }));
    }
  });

  it("keeps its counts when numbers grow a thousand times, and zero as an end of what is never below", () => {
    const histogram = new Histogram();
    histogram.add(Float32Array.from({ length: 1000 }, (_, i) => i / 1000));
    histogram.add(Float32Array.from({ length: 100_000 }, (_, i) => i / 100));
    const { low, high } = histogram.range();
    expect(low).toBe(0);
    expect(high).toBeGreaterThan(900);
  });

  it("notices what is no number", () => {
    const histogram = new Histogram();
    histogram.add(Float32Array.of(1, Number.NaN));
    expect(histogram.isFinite).toBe(false);
  });

  it("knows nothing but zeros of zeros", () => {
    const histogram = new Histogram();
    histogram.add(new Float32Array(100));
    expect(histogram.range()).toEqual({ low: 0, high: 0 });
  });
});
