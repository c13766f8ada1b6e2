import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gradientRules } from "../../src/autodiff/rules.ts";
import { DEFAULT_RUNS } from "./cases/drawn.ts";
import { ruleCases } from "./cases/index.ts";
import { checkGradient } from "./check-gradient.ts";

describe("every gradient rule agrees with central differences", () => {
  it("is tested for every operator in the registry", () => {
    expect(Object.keys(ruleCases).sort()).toEqual([...gradientRules.keys()].sort());
  });

  it.each(Object.entries(ruleCases))("%s", async (_, { drawn, runs = DEFAULT_RUNS }) => {
    const seeded = fc.tuple(drawn, fc.nat());
    await fc.assert(
      fc.asyncProperty(seeded, ([given, seed]) => checkGradient({ ...given, seed })),
      { numRuns: runs, seed: 1 },
    );
  });
});

const edges = Object.entries(ruleCases).flatMap(([op, { edges = {} }]) =>
  Object.entries(edges).map(([name, given]) => [op, name, given] as const),
);

describe("gradients at the edges of the operators' definitions", () => {
  it.each(edges)("%s: %s", async (_, __, given) => {
    for (let seed = 0; seed < 2; seed++) await checkGradient({ ...given, seed });
  });
});
