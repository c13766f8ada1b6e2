import { describe, expect, it } from "vitest";
import { fidelityText, layerTableText } from "../../src/cli/print.ts";

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

describe("the table of layers", () => {
  it("leaves open what was not measured, beside layers of which it was", () => {
    const row = { op: "LSTM", weights: 10, kept: 5, density: 0.5, macsLeft: 0.5 };
    const text = layerTableText([
      { ...row, name: "seen", macs: 20, activations: 0.25 },
      { ...row, name: "inside" },
    ]);
    const [seen, inside] = ["seen", "inside"].map((name) => text.split("\n").find((line) => line.includes(name)));
    expect(seen).toMatch(/ 20 . +25\.0% . +5 /);
    expect(inside).toMatch(/ 10 . + . + . +5 /);
  });
});
