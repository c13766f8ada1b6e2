import { describe, expect, it } from "vitest";
import { passing, type WeightedOperator } from "../../src/operators/catalogue.ts";
import { codedOperators, gapsOf, kernelOf, SIDES, weightedOperators } from "./coverage.ts";
import { followed, operatorsOf, pinned } from "./units-networks.ts";

/** The operators whose weights are connections: all is known of them but what is said here. */
const connections: Readonly<Partial<Record<WeightedOperator, readonly string[]>>> = {
  Conv: [],
  ConvTranspose: [],
  Gemm: [],
  MatMul: [],
  Gather: [],
  Einsum: [],
  LSTM: ["bias"],
  GRU: ["bias"],
  RNN: ["bias"],
};

describe("the catalogue", () => {
  it.each(weightedOperators)("has a gradient, units and a reason for every gap of %s", (op) => {
    const gaps = gapsOf(op);
    const missing = SIDES.filter((side) => gaps[side] !== undefined);
    // A normalization scales what connections have computed.
    expect(missing).toEqual(connections[op] ?? ["layer", "bias", "fit", "MACs"]);
    for (const side of missing) expect(gaps[side]).toMatch(/\w+ \w+/);
  });

  it("has a kernel for the operators on whole numbers, but for two that are networks of their own", () => {
    const without = codedOperators.filter((op) => kernelOf(op) === undefined);
    expect(without).toEqual(["com.microsoft.QAttention", "com.microsoft.DynamicQuantizeLSTM"]);
  });

  it("follows units through operators that the runtime computes", () => {
    expect(Object.keys(passing).filter((op) => kernelOf(op) === undefined)).toEqual([]);
  });

  it("has each of its rules for units tested", () => {
    const used = new Set([...Object.values(followed), ...Object.values(pinned)].flatMap(operatorsOf));
    expect([...Object.keys(passing), ...weightedOperators].filter((op) => !used.has(op))).toEqual([]);
  });
});
