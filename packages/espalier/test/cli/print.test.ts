import { describe, expect, it } from "vitest";
import { layerTableText } from "../../src/cli/print.ts";

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
