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
