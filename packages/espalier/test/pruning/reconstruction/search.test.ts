import { describe, expect, it } from "vitest";
import type { Dataset } from "../../../src/data/dataset.ts";
import { nodeEngine } from "../../../src/engine/node.ts";
import { layersOf } from "../../../src/operators/layers.ts";
import { countAll, countNonzero } from "../../../src/pruning/mask.ts";
import {
  asSensitivity,
  pruneUnlabeled,
  type UnlabeledOptions,
  type UnlabeledResult,
} from "../../../src/pruning/reconstruction/search.ts";
import { chooseMasks } from "../../../src/pruning/target.ts";
import { agreementOn, scoresOn } from "../../../src/training/agreement.ts";
import { Evaluator } from "../../../src/training/evaluate.ts";
import { applyMasks, type Parameters, parametersOf, trainableParameters } from "../../../src/training/parameters.ts";
import { blobs, relabelled, trainedBlobNet } from "../../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const labelled = blobs();

const unlabelled = (data: Dataset): Dataset => ({ ...relabelled(data, -1), targets: [], classes: undefined });

const trained = trainedBlobNet(engine, labelled);

async function pruned(options: UnlabeledOptions, data = unlabelled(labelled)): Promise<UnlabeledResult> {
  return pruneUnlabeled(engine, await trained, data, options);
}

function weightsOf(parameters: Parameters | undefined, name: string) {
  const tensor = parameters?.get(name);
  if (!tensor) throw new Error(`no ${name}`);
  return tensor;
}

describe("pruning without labels", () => {
  it("goes to a rate, and reads no label on the way", async () => {
    const result = await pruned({ target: { kind: "rate", rate: 2 } });
    const { parameters, nonzero } = countAll(result.parameters ?? new Map());
    expect(parameters / nonzero).toBeCloseTo(2, 1);
    expect(result.trials).toHaveLength(1);
    const again = await pruned({ target: { kind: "rate", rate: 2 } }, labelled);
    expect(again.parameters).toEqual(result.parameters);
  });

  it("goes to densities of layers, and what is left gives outputs nearer to the whole network's than before it was fitted", async () => {
    const model = await trained;
    const layers = layersOf(model);
    const [first, second] = layers;
    const densities = new Map([
      [first.name, 0.3],
      [second.name, 0.5],
    ]);
    const { parameters, curves } = await pruned({ target: { kind: "densities", densities } });
    expect(curves).toEqual([]);
    expect(countNonzero(weightsOf(parameters, first.weight))).toBe(Math.round(0.3 * first.tensor.data.length));
    expect(countNonzero(weightsOf(parameters, second.weight))).toBe(Math.round(0.5 * second.tensor.data.length));

    const names = trainableParameters(model);
    const whole = parametersOf(model, names);
    const weights = new Map(layers.map(({ weight, tensor }) => [weight, tensor]));
    const masks = chooseMasks({ kind: "density", layers: [...densities] }, layers, weights);
    const evaluator = await Evaluator.create(engine, model, labelled, names);
    const reference = await scoresOn(evaluator, labelled.test);
    evaluator.load(new Map([...whole, ...applyMasks(whole, masks)]));
    const byMagnitude = await agreementOn(evaluator, labelled.test, reference);
    evaluator.load(parameters ?? new Map());
    const fitted = await agreementOn(evaluator, labelled.test, reference);
    await evaluator.release();
    expect(fitted.divergence).toBeLessThan(0.5 * byMagnitude.divergence);
  });

  it("goes on until what the outputs let expect is beyond the limit, and gives the smallest network within it", async () => {
    const { trials, parameters } = await pruned({ target: { kind: "loss", points: 1 } });
    const within = trials.filter(({ agreement }) => agreement.expectedLoss <= 1);
    expect(trials.filter(({ accepted }) => accepted)).toEqual(within);
    expect(within.length).toBeGreaterThan(0);
    expect(within.length).toBeLessThan(trials.length);
    const { parameters: all, nonzero } = countAll(parameters ?? new Map());
    expect(all / nonzero).toBe(Math.max(...within.map(({ rate }) => rate)));
  });

  it("leaves alone the layers that are not given, and cuts as little as is asked", async () => {
    const model = await trained;
    const [first, second] = layersOf(model);
    const one = await pruned({ target: { kind: "rate", rate: 1.2 }, layers: [first] });
    expect(weightsOf(one.parameters, second.weight)).toEqual(second.tensor);
    expect(one.trials[0].rate).toBeCloseTo(1.2, 1);
    const little = await pruned({ target: { kind: "rate", rate: 1.02 } });
    expect(little.trials[0].rate).toBeCloseTo(1.02, 2);
  });

  it.each([
    [1, /is at 1\.00x already: ask for a rate above it/],
    [200, /rate 200 cannot be reached/],
  ])("refuses the rate %f", async (rate, message) => {
    await expect(pruned({ target: { kind: "rate", rate } })).rejects.toThrow(message);
  });
});

describe("a layer's curve", () => {
  it("is the layer's error, times how far that moves the outputs where it was measured", () => {
    const points = [
      { density: 1, error: 0 },
      { density: 0.7, error: 0.01, divergence: 0.04 },
      { density: 0.4, error: 0.04, divergence: 0.04 },
      { density: 0.1, error: 0.2 },
    ];
    const losses = asSensitivity({ name: "fc", weights: 10, points }).points.map(({ loss }) => loss);
    expect(losses[0]).toBe(0);
    // The geometric mean of the factors 4 and 1.
    for (const [i, { error }] of points.entries()) expect(losses[i]).toBeCloseTo(2 * error, 9);
  });

  it("ends where nothing is left to cut, however much may be lost", async () => {
    const { parameters, trials } = await pruned({ target: { kind: "loss", points: 100 } });
    expect(trials.every(({ accepted }) => accepted)).toBe(true);
    expect(trials.length).toBeLessThan(60);
    const smallest = Math.max(...trials.map(({ rate }) => rate));
    const { parameters: count, nonzero } = countAll(parameters ?? new Map());
    expect(count / nonzero).toBe(smallest);
  });
});
