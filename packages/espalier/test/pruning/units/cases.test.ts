import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../../src/engine/node.ts";
import type { Model } from "../../../src/onnx/graph.ts";
import { readModel } from "../../../src/onnx/read.ts";
import { isFloat32 } from "../../../src/onnx/tensor.ts";
import { writeModel } from "../../../src/onnx/write.ts";
import { clearDeadUnits } from "../../../src/pruning/units/clear.ts";
import { removeDeadUnits } from "../../../src/pruning/units/remove.ts";
import { twinOf } from "../../../src/pruning/units/twin.ts";
import { random } from "../../../src/random.ts";
import { withParameters } from "../../../src/training/parameters.ts";
import { cutSlices, expectSame } from "./same.ts";

const engine = nodeEngine({ threads: 1 });

const read = (name: string): Model =>
  readModel(readFileSync(new URL(`../../fixtures/cases/${name}.onnx`, import.meta.url)));

/** The layers that may lose units, for any of the ways in which weights are cut. */
const shrinking: Readonly<Record<string, readonly string[]>> = {
  // Units lie along the last axis of a product. Here it becomes one with the tokens, the units pass on;
  compact_square_flatten: ["w1"],
  // here it is the width of a convolution over the tokens, whose own channels are units;
  compact_square_conv1d: ["k"],
  // here tokens are normalized, which leaves the features as they are.
  compact_square_bn: ["w1", "w2"],
  gn: ["3"],
  groupnorm_reshape: ["d"],
  // The second part of what is split goes through a convolution of each channel; what is shuffled stays.
  shuffle_op13: ["c"],
  gcn_left: ["w"],
  // Weights that are read twice stay as they are.
  tied_embedding: [],
};

describe.each(Object.keys(shrinking))("%s", (name) => {
  const seeds = Array.from({ length: 4 }, (_, i) => i + 1);

  it("says the same without its dead units", async () => {
    const found = new Set<string>();
    for (const seed of seeds) {
      const model = read(name);
      cutSlices(model, random(seed, "cut"), 0.5);
      const { model: smaller, layers } = await removeDeadUnits(engine, model);
      await expectSame(engine, model, readModel(writeModel(smaller)));
      for (const { name, before, after } of layers) if (after < before) found.add(name);
    }
    expect([...found].sort()).toEqual(shrinking[name]);
  });

  it("says the same with its dead units cleared, and as a twin", async () => {
    for (const seed of seeds) {
      const model = read(name);
      cutSlices(model, random(seed, "cut"), 0.5);
      const cleared = withParameters(model, await clearDeadUnits(engine, model));
      await expectSame(engine, model, cleared);
      const twin = await twinOf(engine, model);
      await expectSame(engine, cleared, twin.model);
      const floats = new Map(
        [...twin.model.initializers].flatMap(([name, tensor]) => (isFloat32(tensor) ? [[name, tensor]] : [])),
      );
      await expectSame(engine, cleared, withParameters(model, twin.whole(floats)));
    }
  });
});
