import { expect, it } from "vitest";
import { halfOf, numberOf } from "../src/network/half.ts";

it("every float16 is read and written as the same bits, or as a number that is none", () => {
  const all = Array.from({ length: 2 ** 16 }, (_, half) => half);
  const changed = all.filter((half) => halfOf(numberOf(half)) !== half);
  expect(changed.every((half) => Number.isNaN(numberOf(half)) && Number.isNaN(numberOf(halfOf(Number.NaN))))).toBe(
    true,
  );
  expect(numberOf(0x3c00)).toBe(1);
  expect(numberOf(0xc500)).toBe(-5);
});

it("what lies between two of them goes to the nearer, and half way to the even one", () => {
  // Of the positive ones, whose bits count up.
  const all = Array.from({ length: 0x7bff }, (_, half) => half);
  const wrong = all.filter((half) => {
    const [low, high] = [numberOf(half), numberOf(half + 1)];
    const even = half % 2 === 0 ? half : half + 1;
    const found = [(low + high) / 2, low + (high - low) * 0.49, -low - (high - low) * 0.51].map(halfOf);
    return found.join() !== [even, half, 0x8000 | (half + 1)].join();
  });
  expect(wrong).toEqual([]);
  expect([65519, 65520, 1e9, -1e9].map(halfOf)).toEqual([0x7bff, 0x7c00, 0x7c00, 0xfc00]);
});
