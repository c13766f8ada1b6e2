import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../src/engine/node.ts";
import { conv2d, dense, flatten, maxPool, relu } from "../../src/onnx/build/layers.ts";
import { sequential } from "../../src/onnx/build/sequential.ts";
import type { Model } from "../../src/onnx/graph.ts";
import { layersOf } from "../../src/operators/layers.ts";
import { runRounds } from "../../src/pruning/rounds.ts";
import { scanCost } from "../../src/pruning/scan-cost.ts";
import { scanLayers } from "../../src/pruning/sensitivity.ts";
import { chooseMasks } from "../../src/pruning/target.ts";
import { Evaluator } from "../../src/training/evaluate.ts";
import { applyMasks, parametersOf, trainableParameters, withParameters } from "../../src/training/parameters.ts";
import { blobs } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const data = blobs();
const training = { learningRate: { policy: "constant", rate: 0.01 }, optimizer: { name: "adam" }, epochs: 4 } as const;

async function trained(): Promise<Model> {
  const layers = [conv2d(4, 3, { pad: 1 }), relu(), maxPool(2), flatten(), dense(12), relu(), dense(4)];
  const model = sequential(layers, { name: "net", input: [1, 4, 4], seed: 1 });
  const { best } = await runRounds(engine, model, data, [{ name: "train", ...training }], { batch: 20, seed: 1 });
  return withParameters(model, best);
}

describe("a scan of sensitivities", () => {
  it("measures what an evaluation of each pruned network measures", async () => {
    const model = await trained();
    const densities = [1, 0.5, 0.2, 0.05];
    const { layers, aborted } = await scanLayers(engine, model, data, { densities });
    expect(aborted).toBe(false);
    expect(layers.map(({ name }) => name)).toEqual(["conv1", "fc1", "fc2"]);
    const evaluator = await Evaluator.create(engine, model, data, trainableParameters(model));
    const parameters = parametersOf(model, trainableParameters(model));
    for (const { name, points } of layers) {
      for (const { density, value } of points) {
        const masks = chooseMasks({ kind: "density", layers: [[name, density]] }, layersOf(model), parameters);
        evaluator.load(applyMasks(parameters, masks));
        expect(value).toBe((await evaluator.evaluate(data.validation)).value);
      }
    }
    await evaluator.release();
    expect(layers.some(({ points }) => points[3].value > points[0].value)).toBe(true);
    // conv1: 576 MACs, fc1: 192, fc2: 48; each layer's densities run what lies behind it, once what lies before.
    const cost = await scanCost(engine, model, { densities });
    expect(cost.withoutReuse).toBe(12);
    expect(cost.forwardPasses).toBeCloseTo((4 * 816 + (576 + 4 * 240) + (768 + 4 * 48)) / 816, 9);
  });

  it("retrains at each point, and leaves out what is known", async () => {
    const model = await trained();
    const retrain = { ...training, epochs: 2, batch: 20, seed: 1 };
    const layers = layersOf(model).slice(1);
    const known = [{ name: "fc2", weights: 48, points: [{ density: 0.1, value: 42, loss: 2 }] }];
    const seen: string[] = [];
    const result = await scanLayers(engine, model, data, {
      layers,
      densities: [0.1],
      retrain,
      known,
      onLayer: ({ name }) => void seen.push(name),
    });
    expect(seen).toEqual(["fc1"]);
    const [fc1, fc2] = result.layers;
    expect(fc1.points[0].retrained).toBeLessThan(fc1.points[0].value);
    expect(fc2).toEqual(known[0]);
  });

  it("ends when it is told to, with the layers that are done", async () => {
    const model = await trained();
    const controller = new AbortController();
    const result = await scanLayers(engine, model, data, {
      densities: [0.5],
      signal: controller.signal,
      onLayer: () => controller.abort(),
    });
    expect(result.aborted).toBe(true);
    expect(result.layers.map(({ name }) => name)).toEqual(["conv1"]);
  });
});
