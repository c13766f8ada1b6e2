import { describe, expect, it } from "vitest";
import { annotate } from "../../src/engine/annotate.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import type { Model } from "../../src/onnx/graph.ts";
import { readModel } from "../../src/onnx/read.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { clearDeadUnits } from "../../src/pruning/units/clear.ts";
import { removeDeadUnits } from "../../src/pruning/units/remove.ts";
import { random } from "../../src/random.ts";
import { withParameters } from "../../src/training/parameters.ts";
import { cutSlices, expectSame } from "../pruning/units/same.ts";
import { type Build, Net } from "./net.ts";
import { followed, pinned } from "./units-networks.ts";

const engine = nodeEngine({ threads: 1 });

function build(of: Build, seed: number): Model {
  const net = new Net(seed);
  net.model.outputs.push({ name: of(net) });
  cutSlices(net.model, random(seed, "cut"), 0.5);
  return net.model;
}

const seeds = [1, 2, 3];

/** Removes and clears the dead units of networks cut in several ways, and counts those removed. */
async function removed(of: Build): Promise<number> {
  let count = 0;
  for (const seed of seeds) {
    const model = build(of, seed);
    await annotate(engine, model, { batch: 2 });
    const { model: smaller, layers } = await removeDeadUnits(engine, model);
    const [inherited, found] = [engine, nodeEngine({ threads: 1 })].map((by) => annotate(by, smaller, { batch: 2 }));
    expect((await inherited).values).toEqual((await found).values);
    await expectSame(engine, model, readModel(writeModel(smaller)));
    await expectSame(engine, model, withParameters(model, await clearDeadUnits(engine, model)));
    count += layers.reduce((sum, { before, after }) => sum + before - after, 0);
  }
  return count;
}

describe("units are followed, and removed without a change of the outputs", () => {
  it.each(Object.entries(followed))("through %s", async (_, of) => {
    expect(await removed(of)).toBeGreaterThan(0);
  });
});

describe("units are pinned", () => {
  it.each(Object.entries(pinned))("by %s", async (_, of) => {
    expect(await removed(of)).toBe(0);
  });
});

describe("nodes that name sizes", () => {
  it("stay as they are where they must, with the units that they name", async () => {
    for (const name of ["a depthwise convolution", "Split of units", "LSTM forward", "Reshape that names the units"]) {
      const model = build(followed[name], 2);
      const { model: smaller } = await removeDeadUnits(engine, model, { addBiases: false, resizing: false });
      expect(smaller.nodes).toEqual(model.nodes);
      await expectSame(engine, model, smaller);
    }
  });
});
