import { expect, it } from "vitest";
import { noise } from "../../src/data/noise.ts";

it("is samples of mean 0 and deviation 1, the same in every read and none like another", () => {
  const spec = { name: "x", dtype: "float32", shape: [3, 20] } as const;
  const { train } = noise([spec], 40, 1);
  const read = (indices: readonly number[]) => {
    const x = new Float32Array(60 * indices.length);
    train.read(indices, { x });
    return x;
  };
  const all = read(Array.from({ length: 40 }, (_, i) => i));
  const mean = (numbers: Float32Array) => numbers.reduce((sum, x) => sum + x / numbers.length, 0);
  expect(Math.abs(mean(all))).toBeLessThan(0.1);
  expect(mean(all.map((x) => x ** 2))).toBeCloseTo(1, 0);
  expect(read([7])).toEqual(all.subarray(7 * 60, 8 * 60));
  expect(read([7])).not.toEqual(read([8]));
});
