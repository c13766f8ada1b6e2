import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../../src/engine/node.ts";
import type { FloatTensor } from "../../../src/onnx/tensor.ts";
import { countNonzero } from "../../../src/pruning/mask.ts";
import { clearDeadUnits } from "../../../src/pruning/units/clear.ts";
import { removeDeadUnits } from "../../../src/pruning/units/remove.ts";
import { parametersOf, trainableParameters, withParameters } from "../../../src/training/parameters.ts";
import { outputsOf, sparse } from "./sparse.ts";

const engine = nodeEngine({ threads: 1 });

const nonzero = (parameters: ReadonlyMap<string, FloatTensor>) =>
  [...parameters.values()].reduce((sum, tensor) => sum + countNonzero(tensor), 0);

describe("clearing dead units", () => {
  it.each([1, 2, 3, 4])("cuts what removing them takes out, and changes no output (network %i)", async (seed) => {
    const model = sparse(seed);
    const parameters = await clearDeadUnits(engine, model);
    const cleared = withParameters(model, parameters);
    const [before, after] = [await outputsOf(engine, model), await outputsOf(engine, cleared)];
    for (const [i, value] of before.entries()) expect(after[i]).toBeCloseTo(value, 5);
    expect(nonzero(parameters)).toBeLessThan(nonzero(parametersOf(model, trainableParameters(model))));
    const { model: smaller } = await removeDeadUnits(engine, model);
    // What is removed keeps one unit of a layer even where all are dead, so it may have a few more.
    const removed = nonzero(parametersOf(smaller, trainableParameters(smaller)));
    expect(nonzero(parameters)).toBeLessThanOrEqual(removed);
    expect(await clearDeadUnits(engine, cleared)).toEqual(parameters);
  });
});
