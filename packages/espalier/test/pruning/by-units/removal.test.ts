import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { annotate } from "../../../src/engine/annotate.ts";
import { nodeEngine } from "../../../src/engine/node.ts";
import type { Model } from "../../../src/onnx/graph.ts";
import { readModel } from "../../../src/onnx/read.ts";
import { isFloat32 } from "../../../src/onnx/tensor.ts";
import { writeModel } from "../../../src/onnx/write.ts";
import { anatomyOf } from "../../../src/pruning/by-units/anatomy.ts";
import { chooseUnits } from "../../../src/pruning/by-units/choose.ts";
import { UnitCosts } from "../../../src/pruning/by-units/costs.ts";
import { masksWithout } from "../../../src/pruning/by-units/masks.ts";
import { removeDeadUnits } from "../../../src/pruning/units/remove.ts";
import { random } from "../../../src/random.ts";
import { applyMasks, learnedTensors, parametersOf, withParameters } from "../../../src/training/parameters.ts";
import { Net } from "../../operators/net.ts";
import { followed } from "../../operators/units-networks.ts";
import { expectSame } from "../units/same.ts";
import { masked } from "./masked.ts";
import { networkOf, pictureBlocks, tokenBlocks } from "./random-networks.ts";

const engine = nodeEngine({ threads: 1 });

/** Removes about half of the units, and expects what is left to be what the whole network is with these masked. */
async function expectRemoved(model: Model, seed: number): Promise<void> {
  const anatomy = await anatomyOf(engine, model, new Set());
  const { uniform } = random(seed, "scores");
  const scores = new Map(Array.from(anatomy.free, (unit) => [unit, uniform()]));
  const costs = UnitCosts.of(anatomy, "bytes");
  const before = costs.total;
  // Units that nothing reads, such as those that a Slice leaves out, cost nothing: they go in any case.
  const { model: live } = await removeDeadUnits(engine, model);
  const floats = [...live.initializers.values()].filter(isFloat32);
  expect(before).toBe(floats.reduce((sum, { data }) => sum + data.byteLength, 0));
  const removed = chooseUnits(anatomy, scores, costs, 0);
  expect(removed.size).toBeGreaterThan(0);
  const names = learnedTensors(model);
  const cut = withParameters(model, applyMasks(parametersOf(model, names), masksWithout(anatomy, removed)));
  const { model: smaller } = await removeDeadUnits(engine, cut);
  await expectSame(engine, masked(model, anatomy, removed), readModel(writeModel(smaller)), 1e-4);
  await annotate(engine, smaller, { batch: 2 });
  // What is left costs what was foretold, unless a removal left others dead.
  const left = UnitCosts.of(await anatomyOf(engine, smaller, new Set()), "bytes").total;
  expect(left).toBeLessThanOrEqual(costs.total);
  expect(left).toBeLessThan(before);
}

describe("without chosen units, a network computes what it does with these masked", () => {
  it.each(Object.entries(followed))("through %s", async (_, build) => {
    const net = new Net(3);
    net.model.outputs.push({ name: build(net) });
    await expectRemoved(net.model, 3);
  });

  it.each([
    ["pictures", pictureBlocks],
    ["sequences", tokenBlocks],
  ])("in random networks on %s", async (_, blocks) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...blocks), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 1000 }),
        (chosen, seed) => expectRemoved(networkOf(chosen, seed), seed),
      ),
      { numRuns: 25, seed: 1 },
    );
  });
});
