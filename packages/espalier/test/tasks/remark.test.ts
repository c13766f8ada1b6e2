import { describe, expect, it } from "vitest";
import { error } from "../../src/tasks/measures/error.ts";
import { remarkOn } from "../../src/tasks/remark.ts";

const found = (value: number, samples = 10_000) => ({ value, samples, figures: {} });

describe("a test error that rose", () => {
  it("is remarked on beyond chance", () => {
    // One standard error of the difference is sqrt(2 * 0.016 * 0.984 / 10,000) = 0.177 points.
    expect(remarkOn(error, found(1.6), found(1.9))).toBeUndefined();
    expect(remarkOn(error, found(1.6), found(2))).toBe(
      "On the 10000 test samples the error is worse by more than chance explains: 1.60% -> 2.00%, ±0.18%. More validation samples choose better.",
    );
    expect(remarkOn(error, found(2), found(1.6))).toBeUndefined();
    expect(remarkOn(error, found(1.6, 100), found(3, 100))).toBeUndefined();
  });

  it("is not remarked on where that much was allowed", () => {
    expect(remarkOn(error, found(1.6), found(2), 0.5)).toBeUndefined();
    expect(remarkOn(error, found(1.6), found(3), 0.5)).toMatch(
      /than the 0\.50% that were allowed and chance explain: /,
    );
  });

  it("is nothing where the measure knows no chance", () => {
    expect(remarkOn({ ...error, chance: undefined }, found(1), found(50))).toBeUndefined();
  });
});
