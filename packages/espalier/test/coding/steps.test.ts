import { describe, expect, it } from "vitest";
import { stepsOf } from "../../src/coding/steps.ts";
import { random } from "../../src/random.ts";

const size = (dims: readonly number[]) => dims.reduce((product, dim) => product * dim, 1);

/** Numbers of up to 20, times scales with so many significant bits. */
function drawn(dims: readonly number[], count: number, inner: number, bits: number) {
  const { below } = random(1, "steps", ...dims);
  const scales = Float32Array.from(
    { length: count },
    () => (2 ** (bits - 1) + below(2 ** (bits - 1))) * 2 ** (-bits - 3),
  );
  const numbers = Int32Array.from({ length: size(dims) }, () => below(41) - 20);
  const floats = Float32Array.from(numbers, (number, t) => scales[Math.floor(t / inner) % count] * number);
  return { scales, floats };
}

describe("scales are found from floats alone", () => {
  it.each([
    ["of rows", [20, 9, 3, 3], 20, 81],
    ["of columns", [30, 40], 40, 1],
    ["of channels", [12, 10, 5], 10, 5],
    ["of two axes behind one another", [2, 8, 30], 16, 30],
    ["of all", [90], 1, 90],
  ] as const)("%s, whatever the rounding", (_, dims, count, inner) => {
    for (const bits of [1, 8, 12, 24]) {
      const { scales, floats } = drawn(dims, count, inner, bits);
      const ways = stepsOf(floats, dims);
      // With few bits a scale for all may do as well.
      const way = ways.find((each) => each.scales.length === count) ?? ways[0];
      const { numbers, scales: found } = way;
      const again = Float32Array.from(numbers, (number, t) => found[Math.floor(t / way.inner) % found.length] * number);
      expect(again).toEqual(floats);
      if (bits < 8) continue;
      expect([found.length, count === 1 ? inner : way.inner]).toEqual([count, inner]);
      expect(numbers.every((number) => Math.abs(number) <= 20)).toBe(true);
      // Where a slice has a 1 and no other divisor, its scale is the one that it was made with.
      const same = found.reduce((sum, scale, i) => sum + (Math.abs(scale / scales[i] - 1) < 1e-6 ? 1 : 0), 0);
      expect(same).toBeGreaterThan(0.9 * count);
    }
  });

  it("takes a slice of zeros with any scale", () => {
    const floats = Float32Array.of(0, 0, 0, 0, 3, 6, 9, 12, 0, 0, 0, 0, 5, 10, 25, 35);
    const [way] = stepsOf(
      floats.map((w, i) => w * (i < 8 ? Math.PI : Math.SQRT2)),
      [4, 4],
    );
    expect(way.scales.length).toBe(4);
    expect([...way.numbers]).toEqual([0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 1, 2, 5, 7]);
  });

  it("finds none in noise, nor where there is minus zero, an infinity or a NaN", () => {
    const { uniform } = random(1, "noise");
    const noise = Float32Array.from({ length: 400 }, () => uniform() - 0.5);
    expect(stepsOf(noise, [20, 20])).toEqual([]);
    for (const w of [-0, Number.POSITIVE_INFINITY, Number.NaN]) {
      expect(stepsOf(Float32Array.of(1, 2, 3, w), [4])).toEqual([]);
    }
  });
});
