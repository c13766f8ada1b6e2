import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { annotate } from "../../src/engine/annotate.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { readModel } from "../../src/onnx/read.ts";
import { int64s, scalar } from "../../src/onnx/tensor.ts";
import { upgrade } from "../../src/onnx/upgrade.ts";

it("takes 2^63 - 1, which is 2^63 as a number, for the largest whole number and not the lowest", () => {
  const largest = 2n ** 63n - 1n;
  expect([...int64s([2 ** 63, 5, -1]).data]).toEqual([largest, 5n, -1n]);
  expect([...scalar("int64", 2 ** 63).data]).toEqual([largest]);
});

it("keeps a Slice to the end, whose end an older operator set has as an attribute", async () => {
  const path = new URL("../fixtures/cases/slice_opset9.onnx", import.meta.url);
  const model = readModel(new Uint8Array(readFileSync(path)), "slice_opset9.onnx");
  const engine = nodeEngine({ threads: 1 });
  const typed = await annotate(engine, upgrade(model), { batch: 3, N: 3 });
  const sliced = typed.nodes
    .filter(({ op }) => op === "Slice")
    .map(({ outputs: [output] }) => typed.values.get(output));
  expect(sliced.length).toBeGreaterThan(0);
  for (const value of sliced) expect(value?.shape).not.toContain(0);
});
