import { expect, it } from "vitest";
import { casesOf, hasCases, type Outcome, outcomeOf } from "./conformance.ts";

/** So many of ONNX's cases and their variants are computed here at least. */
const RIGHT = 1800;

it.skipIf(!hasCases)("ONNX's conformance cases come out right, or are refused (Debian: libonnx-testdata)", async () => {
  const counts: Record<Outcome, number> = { right: 0, refused: 0, wrong: 0, crash: 0 };
  const bad: string[] = [];
  for (const one of casesOf()) {
    const { outcome, reason } = await outcomeOf(one);
    counts[outcome]++;
    if (outcome === "wrong" || outcome === "crash") bad.push(`${one.name}: ${reason}`);
  }
  expect(bad).toEqual([]);
  expect(counts.right).toBeGreaterThanOrEqual(RIGHT);
  console.info(`${counts.right} right, ${counts.refused} refused`);
});

/** ONNX's cases of quantized values, but for those of types that the runtime does not hold. */
const QUANTIZED = [
  "basic_convinteger",
  "convinteger_with_padding",
  "convinteger_without_padding",
  "dequantizelinear",
  "dequantizelinear_axis",
  "dynamicquantizelinear",
  "dynamicquantizelinear_expanded",
  "dynamicquantizelinear_max_adjusted",
  "dynamicquantizelinear_max_adjusted_expanded",
  "dynamicquantizelinear_min_adjusted",
  "dynamicquantizelinear_min_adjusted_expanded",
  "matmulinteger",
  "qlinearconv",
  "qlinearmatmul_2D",
  "qlinearmatmul_3D",
  "quantizelinear",
  "quantizelinear_axis",
];

it.skipIf(!hasCases)("all of quantized values come out right, as they are and with constants", async () => {
  const right = new Set<string>();
  for (const word of ["quantize", "qlinear", "integer"]) {
    for (const one of casesOf(word)) {
      expect([one.name, await outcomeOf(one)]).toEqual([one.name, { outcome: "right", reason: "" }]);
      right.add(one.name.replace(/^node\.test_|\.(constant|identity)$/g, ""));
    }
  }
  // Newer releases have more.
  expect([...right]).toEqual(expect.arrayContaining(QUANTIZED));
});
