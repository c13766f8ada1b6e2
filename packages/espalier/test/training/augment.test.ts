import { describe, expect, it } from "vitest";
import { random } from "../../src/random.ts";
import { augmenter } from "../../src/training/augment.ts";

const SHAPE = [2, 3, 4];
const image = () => Float32Array.from({ length: 24 }, (_, i) => i);
const rows = (plane: Float32Array) => [0, 4, 8].map((start) => [...plane.subarray(start, start + 4)]);

const clamp = (i: number, size: number) => Math.min(Math.max(i, 0), size - 1);

/** All images that a seeded stream makes of one. */
function made(options: Parameters<typeof augmenter>[0], count: number): Float32Array[] {
  const stream = random(1, "test");
  const augment = augmenter(options, SHAPE);
  return Array.from({ length: count }, () => {
    const inputs = image();
    augment?.(inputs, stream);
    return inputs;
  });
}

describe("augmentation", () => {
  it("moves both channels by the same whole pixels, by as many as asked, and repeats the border", () => {
    const seen = new Set<string>();
    for (const inputs of made({ shift: 1 }, 200)) {
      const moved = rows(inputs);
      const middle = moved[1][1];
      const [down, right] = [1 - Math.floor(middle / 4), 1 - (middle % 4)];
      const expected = (start: number) =>
        [0, 1, 2].map((y) => [0, 1, 2, 3].map((x) => start + 4 * clamp(y - down, 3) + clamp(x - right, 4)));
      expect(moved).toEqual(expected(0));
      expect(rows(inputs.subarray(12))).toEqual(expected(12));
      seen.add(`${right},${down}`);
    }
    expect(seen.size).toBe(9);
  });

  it("mirrors about every other image", () => {
    const mirrored = made({ flip: true }, 200).filter((inputs) => inputs[0] === 3);
    expect(mirrored.length).toBeGreaterThan(70);
    expect(mirrored.length).toBeLessThan(130);
    expect(rows(mirrored[0])[2]).toEqual([11, 10, 9, 8]);
  });

  it("does nothing unless asked, and refuses what is not an image or too small", () => {
    expect(augmenter({}, [784])).toBeUndefined();
    expect(() => augmenter({ shift: 1 }, [784])).toThrow(/not images/);
    expect(() => augmenter({ shift: 3 }, SHAPE)).toThrow(/cannot move by 3/);
  });
});
