import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../src/engine/node.ts";
import { dense, flatten, tanh } from "../../src/onnx/build/layers.ts";
import { sequential } from "../../src/onnx/build/sequential.ts";
import type { Model } from "../../src/onnx/graph.ts";
import { float32 } from "../../src/onnx/tensor.ts";
import { layersOf } from "../../src/operators/layers.ts";
import { criteria } from "../../src/pruning/criteria/index.ts";
import { countNonzero } from "../../src/pruning/mask.ts";
import { pruningRounds } from "../../src/pruning/recipe-rounds.ts";
import { runRounds } from "../../src/pruning/rounds.ts";
import { scoresBy } from "../../src/pruning/scores.ts";
import { chooseMasks } from "../../src/pruning/target.ts";
import { random } from "../../src/random.ts";
import { gatherEvidence, type Need } from "../../src/training/evidence.ts";
import { parametersOf, trainableParameters, withParameters } from "../../src/training/parameters.ts";
import { blobNet, blobs } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const data = blobs();
const options = { batch: 20, seed: 1 };
const learning = { learningRate: { policy: "constant", rate: 0.01 }, optimizer: { name: "adam" }, epochs: 4 } as const;

async function trained(): Promise<Model> {
  const model = blobNet();
  const { best } = await runRounds(engine, model, data, [{ name: "train", ...learning }], options);
  return withParameters(model, best);
}

describe("criteria", () => {
  it.each([...criteria.keys()])(
    "%s: keeps as many as asked, never one that is cut, the same from the same seed",
    async (name) => {
      const model = blobNet();
      const weight = model.initializers.get("fc1.weight");
      if (weight?.dtype !== "float32") throw new Error("no weight");
      (weight.data as Float32Array).fill(0, 0, 50);
      const target = { kind: "density", layers: [["fc1", 0.25]] } as const;
      const parameters = parametersOf(model, trainableParameters(model));
      const masks = async () => {
        const scores = await scoresBy(name, engine, model, data, options);
        return chooseMasks(target, layersOf(model), parameters, 1, scores).get("fc1.weight");
      };
      const mask = await masks();
      expect(countNonzero(mask ?? float32([0]))).toBe(48);
      expect(mask?.data.subarray(0, 50).every((kept) => kept === 0)).toBe(true);
      expect(await masks()).toEqual(mask);
    },
  );

  it("reach a rate over all layers together", async () => {
    const model = await trained();
    for (const name of ["taylor", "fisher", "brain-damage", "random"]) {
      const scores = await scoresBy(name, engine, model, data, options);
      const parameters = parametersOf(model, trainableParameters(model));
      const masks = chooseMasks({ kind: "rate", rate: 4 }, layersOf(model), parameters, 1, scores);
      const kept = [...masks.values()].reduce((sum, mask) => sum + countNonzero(mask), 0);
      // 256 parameters, 16 of them biases.
      expect(kept).toBe(256 / 4 - 16);
    }
  });

  it("probabilistic samples in proportion to the magnitude", () => {
    const weights = float32(
      [1000],
      Float32Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? 3 : -1)),
    );
    const score = criteria
      .get("probabilistic")
      ?.score(weights, { random: random(1, "p"), evidence: () => weights.data });
    const best = [...(score ?? [])]
      .map((s, i) => [s, i])
      .sort(([a], [b]) => b - a)
      .slice(0, 100);
    const large = best.filter(([, i]) => i % 2 === 0).length;
    // 3 : 1, so about 75 of the first 100.
    expect(large).toBeGreaterThan(62);
    expect(large).toBeLessThan(88);
  });

  it("that look at the loss do better than chance right after pruning", async () => {
    const model = await trained();
    const target = { kind: "density", layers: [["*", 0.2]] } as const;
    const errorBy = async (criterion: string) => {
      const rounds = pruningRounds(target, 1, { ...learning, epochs: 1 }, { criterion });
      return (await runRounds(engine, model, data, rounds, options)).results[0].pruned ?? 100;
    };
    const chance = await errorBy("random");
    for (const name of ["magnitude", "taylor", "fisher", "brain-damage"])
      expect(await errorBy(name)).toBeLessThan(chance);
  });

  it("say which there are", async () => {
    await expect(scoresBy("luck", engine, blobNet(), data, options)).rejects.toThrow(
      /no criterion "luck": choose one of magnitude/,
    );
  });
});

describe("evidence", () => {
  it("estimates the Hessian's diagonal: that of a small network by differences of its gradients", async () => {
    const model = sequential([flatten(), dense(3), tanh(), dense(4)], { name: "small", input: [1, 4, 4], seed: 4 });
    const weights = ["fc2.weight"];
    const gather = (changed: Model, seed: number, wanted: Need) =>
      gatherEvidence(engine, changed, data, weights, { batch: 400, batches: 1, seed, wanted });
    // One estimate uses one vector of signs; their mean over many tends to the diagonal.
    const estimate = new Float64Array(12);
    for (let seed = 0; seed < 200; seed++) {
      const { curvature } = await gather(model, seed, "curvature");
      for (const [i, h] of (curvature.get("fc2.weight")?.data ?? []).entries()) estimate[i] += h / 200;
    }
    const weight = parametersOf(model, weights).get("fc2.weight");
    if (!weight) throw new Error("no weight");
    for (let i = 0; i < 12; i++) {
      const [ahead, behind] = await Promise.all(
        [0.01, -0.01].map(async (length) => {
          const changed = weight.data.slice();
          changed[i] += length;
          const moved = withParameters(model, new Map([["fc2.weight", float32(weight.dims, changed)]]));
          return (await gather(moved, 1, "gradients")).gradient.get("fc2.weight")?.data[i] ?? 0;
        }),
      );
      expect(estimate[i]).toBeCloseTo((ahead - behind) / 0.02, 1);
    }
  });
});
