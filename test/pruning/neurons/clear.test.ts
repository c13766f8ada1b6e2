import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../../src/engine/node.ts";
import type { Model } from "../../../src/onnx/graph.ts";
import { conv2d, dense, flatten, maxPool, relu } from "../../../src/onnx/layers.ts";
import { sequential } from "../../../src/onnx/sequential.ts";
import { type FloatTensor, float32 } from "../../../src/onnx/tensor.ts";
import { countNonzero } from "../../../src/pruning/mask.ts";
import { clearDeadUnits } from "../../../src/pruning/neurons/clear.ts";
import { removeDeadUnits } from "../../../src/pruning/neurons/remove.ts";
import { random } from "../../../src/random.ts";
import { parametersOf, trainableParameters, withParameters } from "../../../src/training/parameters.ts";

const engine = nodeEngine({ threads: 1 });

/** A small convolutional network with most connections cut, so that some units die. */
function sparse(seed: number): Model {
  const model = sequential([conv2d(4, 3), relu(), maxPool(2), flatten(), dense(10), relu(), dense(3)], {
    name: "sparse",
    input: [1, 8, 8],
    seed,
  });
  const { uniform, normal } = random(seed, "cut");
  for (const [name, { dims, data }] of parametersOf(model, trainableParameters(model))) {
    const keep = name.endsWith("weight") ? 0.04 : 1;
    model.initializers.set(
      name,
      float32(
        dims,
        data.map(() => (uniform() < keep ? normal() : 0)),
      ),
    );
  }
  return model;
}

async function outputsOf(model: Model): Promise<number[]> {
  const program = await engine.compile(model);
  const { normal } = random(5, "input");
  const found = await program.run({ input: float32([2, 1, 8, 8], Float32Array.from({ length: 128 }, normal)) });
  await program.release();
  return Array.from<number | bigint, number>(found[model.outputs[0].name].data, Number);
}

const nonzero = (parameters: ReadonlyMap<string, FloatTensor>) =>
  [...parameters.values()].reduce((sum, tensor) => sum + countNonzero(tensor), 0);

describe("clearing dead units", () => {
  it.each([1, 2, 3, 4])("cuts what removing them takes out, and changes no output (network %i)", async (seed) => {
    const model = sparse(seed);
    const parameters = await clearDeadUnits(engine, model);
    const cleared = withParameters(model, parameters);
    const [before, after] = [await outputsOf(model), await outputsOf(cleared)];
    for (const [i, value] of before.entries()) expect(after[i]).toBeCloseTo(value, 5);
    expect(nonzero(parameters)).toBeLessThan(nonzero(parametersOf(model, trainableParameters(model))));
    const { model: smaller } = await removeDeadUnits(engine, model);
    // What is removed keeps one unit of a layer even where all are dead, so it may have a few more.
    const removed = nonzero(parametersOf(smaller, trainableParameters(smaller)));
    expect(nonzero(parameters)).toBeLessThanOrEqual(removed);
    expect(await clearDeadUnits(engine, cleared)).toEqual(parameters);
  });
});
