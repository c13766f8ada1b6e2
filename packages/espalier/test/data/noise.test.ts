import { expect, it } from "vitest";
import { noise } from "../../src/data/noise.ts";

it("is samples of mean 0 and deviation 1 in all, whose neighbours are alike, the same in every read", () => {
  const spec = { name: "x", dtype: "float32", shape: [3, 16, 20] } as const;
  const { train } = noise([spec], 40, 1);
  const read = (indices: readonly number[]) => {
    const x = new Float32Array(960 * indices.length);
    train.read(indices, { x });
    return x;
  };
  const all = read(Array.from({ length: 40 }, (_, i) => i));
  const mean = (numbers: Float32Array) => numbers.reduce((sum, x) => sum + x / numbers.length, 0);
  const middle = mean(all);
  expect(Math.abs(middle)).toBeLessThan(0.5);
  expect(mean(all.map((x) => (x - middle) ** 2))).toBeGreaterThan(0.8);
  expect(mean(all.map((x, i) => (i % 20 ? x * all[i - 1] : 0)))).toBeGreaterThan(0.5);
  expect(read([7])).toEqual(all.subarray(7 * 960, 8 * 960));
  expect(read([7])).not.toEqual(read([8]));
});
