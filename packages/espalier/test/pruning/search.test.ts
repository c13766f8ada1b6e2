import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../src/engine/node.ts";
import type { Model } from "../../src/onnx/graph.ts";
import { layersOf } from "../../src/operators/layers.ts";
import { allocate, balance, mostHarmed, startingDensities } from "../../src/pruning/allocation.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/pruning/checkpoint.ts";
import { densityOf } from "../../src/pruning/mask.ts";
import { type RoundsOptions, type RoundsResult, runRounds } from "../../src/pruning/rounds.ts";
import { type RoundSearchOptions, searchRounds } from "../../src/pruning/search.ts";
import { chooseMasks } from "../../src/pruning/target.ts";
import { taskFor } from "../../src/tasks/index.ts";
import { Evaluator } from "../../src/training/evaluate.ts";
import { applyMasks, parametersOf, trainableParameters, withParameters } from "../../src/training/parameters.ts";
import { blobNet, blobs } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const data = blobs();
const learning = { learningRate: { policy: "cosine", rate: 0.02, final: 0.001 }, optimizer: { name: "adam" } } as const;
const retrain = { ...learning, epochs: 3 };
const run = { batch: 20, seed: 1 };

const trained: Promise<Model> = (async () => {
  const model = blobNet();
  const { best } = await runRounds(engine, model, data, [{ name: "train", ...learning, epochs: 8 }], run);
  return withParameters(model, best);
})();

async function errorOf(model: Model): Promise<number> {
  const evaluator = await Evaluator.create(engine, model, data);
  const { value: error } = await evaluator.evaluate(data.validation);
  await evaluator.release();
  return error;
}

async function found(
  options: Omit<RoundSearchOptions, "retrain">,
  rest: Partial<RoundsOptions> = {},
): Promise<RoundsResult> {
  const model = await trained;
  return runRounds(engine, model, data, searchRounds(engine, model, data, { retrain, ...options }), {
    ...run,
    ...rest,
  });
}

describe("the search", () => {
  it("finds a much smaller network within the limit, and stops by itself", async () => {
    const model = await trained;
    const limit = (await errorOf(model)) + 1;
    const { results, best } = await found({ limit, slack: 2 });
    expect(1 / densityOf(best)).toBeGreaterThan(3);
    expect(await errorOf(withParameters(model, best))).toBeLessThanOrEqual(limit);
    const chosen = results.filter(({ verdict }) => verdict.best);
    expect(densityOf(best)).toBe(Math.min(...chosen.map(({ density }) => density)));
    expect(results.length).toBeGreaterThan(4);
  });

  it("ends where a round cuts nothing more, however much may be lost", async () => {
    const { results } = await found({ limit: 100, slack: 0 }, { signal: AbortSignal.timeout(40_000) });
    const densities = results.map(({ density }) => density);
    expect(densities.filter((density) => density === Math.min(...densities)).length).toBeLessThan(5);
  });

  it("goes to a rate and not much beyond", async () => {
    const { results, best } = await found({ limit: Number.POSITIVE_INFINITY, slack: 0, rate: 4 });
    expect(1 / densityOf(best)).toBeGreaterThanOrEqual(4);
    expect(1 / densityOf(best)).toBeLessThan(5);
    expect(results.every(({ verdict }) => verdict.accepted)).toBe(true);
  });

  it("returns the network as it came where no density is within the limit", async () => {
    const model = await trained;
    const { results, best } = await found({ limit: -1, slack: 0 });
    expect(results.some(({ verdict }) => verdict.best)).toBe(false);
    expect(best).toEqual(parametersOf(model, trainableParameters(model)));
  });

  it("resumes to the same network, from the middle of a descent and of a return", async () => {
    const limit = (await errorOf(await trained)) + 1;
    const saved: Uint8Array[] = [];
    const whole = await found(
      { limit, slack: 2 },
      { onEpoch: (state) => void saved.push(encodeCheckpoint(state, "s")) },
    );
    for (const at of [2, Math.floor(saved.length / 2), saved.length - 3]) {
      const resume = decodeCheckpoint(saved[at], "s", "checkpoint");
      const resumed = await found({ limit, slack: 2 }, { resume });
      expect(resumed.results).toEqual(whole.results);
      expect(resumed.best).toEqual(whole.best);
    }
  });
});

describe("the division among layers", () => {
  const curve = (name: string, weights: number, steepness: number) => ({
    name,
    weights,
    points: Array.from({ length: 20 }, (_, i) => 1 - i / 20).map((density) => ({
      density,
      error: 0,
      loss: steepness * (1 - density) ** 2,
    })),
  });

  it("keeps as many as wanted, more of the layer that suffers more", () => {
    const densities = balance([curve("sturdy", 1000, 1), curve("tender", 1000, 4)], 1200);
    const [sturdy, tender] = ["sturdy", "tender"].map((name) => densities.get(name) ?? 0);
    expect(1000 * (sturdy + tender)).toBeCloseTo(1200, 6);
    // Of least total harm: 2 s (1 - d) is the same for both, so 1 - d is 0.64 and 0.16.
    expect(sturdy).toBeCloseTo(0.36, 1);
    expect(tender).toBeCloseTo(0.84, 1);
  });

  it("divides also where not all of the curve is needed, or more than it has", () => {
    const whole = balance([curve("a", 100, 1)], 100);
    expect(whole.get("a")).toBe(1);
    const little = balance([curve("a", 100, 1), curve("b", 100, 1)], 2);
    expect((little.get("a") ?? 0) + (little.get("b") ?? 0)).toBeCloseTo(0.02, 9);
  });

  it("measures: the first densities, a division, and who suffers", async () => {
    const model = await trained;
    const layers = layersOf(model);
    const first = await startingDensities(engine, model, data, layers);
    const base = await errorOf(model);
    const errorAt = async (name: string, density: number) => {
      const parameters = parametersOf(model, trainableParameters(model));
      const masks = chooseMasks({ kind: "density", layers: [[name, density]] }, layers, parameters);
      return errorOf(withParameters(model, applyMasks(parameters, masks)));
    };
    for (const [name, density] of first) {
      expect(await errorAt(name, density)).toBeLessThanOrEqual(base + 0.3);
      // One of the lower ones that were tried is more than the layer bears.
      expect(await errorAt(name, 0.03)).toBeGreaterThan(base + 0.3);
    }
    const densities = await allocate(engine, model, data, layers, 0.5);
    const kept = layers.reduce((sum, { name, tensor }) => sum + (densities.get(name) ?? 0) * tensor.data.length, 0);
    expect(kept).toBeCloseTo(120, 6);
    expect(await mostHarmed(engine, model, data, taskFor(data), layers, { fc1: 1, fc2: 0.05 })).toBe("fc2");
    expect(await mostHarmed(engine, model, data, taskFor(data), layers, { fc1: 0.05, fc2: 1 })).toBe("fc1");
  });
});
