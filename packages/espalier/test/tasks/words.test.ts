import { describe, expect, it } from "vitest";
import { fidelityText } from "../../src/tasks/words.ts";

describe("a fidelity", () => {
  it.each([
    [86.4213, "86.42%"],
    [99.912, "99.912%"],
    [99.99734, "99.9973%"],
    [0.00266, "0.0027%"],
    [100, "100.00%"],
    [0, "0.00%"],
    [100 - 1e-12, "100.0000000%"],
  ])("is never said to be all or nothing where it only comes near: %d", (value, text) => {
    expect(fidelityText(value)).toBe(text);
  });
});
