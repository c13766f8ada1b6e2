import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../src/engine/node.ts";
import type { FloatTensor } from "../../src/onnx/tensor.ts";
import { layersOf } from "../../src/operators/layers.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/pruning/checkpoint.ts";
import { cubic, type Gradual, gradually } from "../../src/pruning/gradual.ts";
import { countNonzero, densityOf, maskAbove } from "../../src/pruning/mask.ts";
import type { Round } from "../../src/pruning/round.ts";
import { type RoundsOptions, runRounds } from "../../src/pruning/rounds.ts";
import { parametersOf, trainableParameters } from "../../src/training/parameters.ts";
import { blobNet, blobs } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const data = blobs();
const model = blobNet(1, 0.2);
const learning = { learningRate: { policy: "constant", rate: 0.01 }, optimizer: { name: "adam" } } as const;
const target = { kind: "density", layers: [["fc1", 0.125]] } as const;

const rounds = (gradual: Gradual, criterion?: string): Round[] => [
  { name: "train", ...learning, epochs: 3 },
  { name: "prune", ...learning, epochs: 5, prune: { target, part: 1, criterion, gradual } },
];
const run = (gradual: Gradual, options: Partial<RoundsOptions> = {}) =>
  runRounds(engine, model, data, rounds(gradual), { batch: 20, seed: 1, ...options });

/** The masks of fc1 after each epoch of the second round. */
async function masksOverTime(gradual: Gradual): Promise<FloatTensor[]> {
  const masks: FloatTensor[] = [];
  await run(gradual, {
    onEpoch: ({ current, results }) => {
      const mask = results.length === 1 ? current?.trainer.masks.get("fc1.weight") : undefined;
      if (mask) masks.push(mask);
    },
  });
  return masks;
}

describe("a gradual schedule", () => {
  it("is cubic", () => {
    expect([0, 0.5, 1].map((t) => cubic(1, 0.2, t))).toEqual([1, 0.2 + 0.8 / 8, 0.2]);
  });

  it("goes from the network's density to the target, fast first, and stays there", async () => {
    const kept = (await masksOverTime({ every: 5, until: 0.6 })).map(countNonzero);
    expect(kept).toEqual([...kept].sort((a, b) => b - a));
    expect(kept[0]).toBeLessThan(110);
    expect(kept.slice(-2)).toEqual([24, 24]);
    const { results, best } = await run({ every: 5, until: 0.6 });
    expect(countNonzero(best.get("fc1.weight") as FloatTensor)).toBe(24);
    expect(results[1].layers).toEqual({ fc1: 0.125, fc2: 1 });
    // An epoch in which more was kept does not count as the best.
    expect(results[1].bestEpoch).toBeGreaterThan(3);
    expect(results[1].validation).toBe(results[1].epochs[results[1].bestEpoch - 1].validation);
  });

  it.each([false, true])("with splicing %s, cut connections come back or not", async (splicing) => {
    const masks = await masksOverTime({ every: 5, until: 0.8, splicing });
    const returned = masks.slice(1).some(({ data: now }, i) => now.some((kept, j) => kept > masks[i].data[j]));
    expect(returned).toBe(splicing);
  });

  it("with splicing, resumes from any moment to the same bytes", async () => {
    const gradual = { every: 7, until: 0.7, splicing: true };
    const whole = await run(gradual);
    for (const stop of [75, 90, 141]) {
      const controller = new AbortController();
      let steps = 0;
      const stopped = await run(gradual, {
        stepsPerRun: 1,
        signal: controller.signal,
        onProgress: () => void (++steps === stop && controller.abort()),
      });
      expect(stopped.aborted).toBe(true);
      const file = encodeCheckpoint(stopped, "s");
      const resumed = await run(gradual, { resume: decodeCheckpoint(file, "s", "checkpoint") });
      expect(resumed).toEqual(whole);
    }
  });

  it("reaches qualities and rates as well, also from a network that is pruned", () => {
    const layers = layersOf(model);
    const start = parametersOf(model, trainableParameters(model));
    const by = { criterion: "magnitude", seed: 1 };
    const paced = { every: 1, until: 1 };
    const rate = gradually({ kind: "rate", rate: 4 }, paced, layers, start, by);
    const kept = (masks: ReadonlyMap<string, FloatTensor>) =>
      [...masks.values()].reduce((sum, mask) => sum + countNonzero(mask), 0);
    expect(kept(rate.masksAt(1, start))).toBe(256 / 4 - 16);
    const quality = gradually({ kind: "quality", layers: [["fc*", 1]] }, paced, layers, start, by);
    expect(kept(quality.masksAt(0, start))).toBe(240);
    expect(kept(quality.masksAt(1, start))).toBeLessThan(180);
    const half = new Map(
      Array.from(start, ([name, tensor]) => [
        name,
        name === "fc1.weight" ? { ...tensor, data: tensor.data.map((w, i) => (i % 2 ? w : 0)) } : tensor,
      ]),
    );
    expect(densityOf(half)).toBeLessThan(0.7);
    const density = gradually(target, paced, layers, half, by);
    expect(countNonzero(density.masksAt(0, start).get("fc1.weight") as FloatTensor)).toBe(96);
  });

  it("refuses a criterion that looks at more than weights", async () => {
    const gradual = { every: 5, until: 0.6 };
    await expect(runRounds(engine, model, data, rounds(gradual, "taylor"), { batch: 20, seed: 1 })).rejects.toThrow(
      /"taylor" needs gradients.*choose magnitude/,
    );
  });
});

describe("a plan that rejects a round", () => {
  it("begins the next one with what came before", async () => {
    const [train, prune] = rounds({ every: 5, until: 0.6 });
    const starts: number[] = [];
    const { results, best } = await runRounds(
      engine,
      model,
      data,
      {
        next: async (done, { last }) => {
          starts.push(countNonzero(maskAbove(last.get("fc1.weight") as FloatTensor, 0)));
          return done.length < 3 ? { round: done.length === 0 ? train : prune, from: "last" } : undefined;
        },
        judge: (_, done) => ({ accepted: done.length !== 1, best: done.length !== 1 }),
      },
      { batch: 20, seed: 1 },
    );
    expect(starts).toEqual([192, 192, 192, 24]);
    expect(results.map(({ verdict }) => verdict.accepted)).toEqual([true, false, true]);
    expect(countNonzero(best.get("fc1.weight") as FloatTensor)).toBe(24);
  });
});
