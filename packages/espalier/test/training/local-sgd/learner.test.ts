import { afterAll, describe, expect, it } from "vitest";
import type { LearningData } from "../../../src/data/dataset.ts";
import { nodeEngine } from "../../../src/engine/node.ts";
import { UserError } from "../../../src/errors.ts";
import { stepsExecutor } from "../../../src/jobs/steps-executor.ts";
import type { Model } from "../../../src/onnx/graph.ts";
import { layersOf } from "../../../src/operators/layers.ts";
import { gradually } from "../../../src/pruning/gradual.ts";
import { densityOf, maskAbove, wholeMasks } from "../../../src/pruning/mask.ts";
import { classify } from "../../../src/tasks/classify.ts";
import type { EpochsResult, EpochsState } from "../../../src/training/epochs.ts";
import { learn } from "../../../src/training/learn.ts";
import type { LocalSgd } from "../../../src/training/local-sgd/options.ts";
import { parametersOf, pick, trainableParameters } from "../../../src/training/parameters.ts";
import type { EpochsOptions } from "../../../src/training/train.ts";
import type { TrainerOptions } from "../../../src/training/trainer.ts";
import { blobNet, blobs, normNet } from "../../blobs.ts";
import { entry } from "../../jobs/entry.ts";

const engine = nodeEngine({ threads: 1 });
const data = blobs({ train: 400, validation: 100, test: 1 });
const one = stepsExecutor({ workers: 1, entry });
const three = stepsExecutor({ workers: 3, entry });
afterAll(() => Promise.all([one.release(), three.release()]));

interface Run {
  readonly model?: Model;
  readonly data?: LearningData;
  readonly local?: LocalSgd;
  readonly trainer?: Partial<TrainerOptions>;
  readonly course?: Partial<EpochsOptions>;
}

/** Of four shards, each of which has five batches. */
function run({ model = blobNet(1, 0.3), local, trainer, course, data: other = data }: Run): Promise<EpochsResult> {
  const learningRate = { policy: "inv", rate: 0.1, gamma: 0.01, power: 0.75 } as const;
  return learn(
    engine,
    { model, data: other },
    undefined,
    { batch: 20, seed: 1, optimizer: { name: "sgd", momentum: 0.9 }, ...trainer },
    { epochs: 2, seed: 1, learningRate, ...course },
    local,
  );
}

const weightsOf = (model: Model) => layersOf(model).map(({ weight }) => weight);

describe("local SGD", () => {
  it.each([1, 3, 20])("of one shard is plain training, with %i steps a round", async (localSteps) => {
    const course = { augmentation: { shift: 1 }, inputDropout: 0.2 };
    const plain = await run({ course });
    expect(await run({ course, local: { shards: 1, localSteps } })).toEqual(plain);
  });

  it("learns, with the statistics of BatchNormalization and Adam's tensors averaged", async () => {
    const local = { shards: 4, localSteps: 2 };
    const trainer = { optimizer: { name: "adam" } } as const;
    const learningRate = { policy: "constant", rate: 0.02 } as const;
    const { history, trainer: state } = await run({
      model: normNet(),
      local,
      trainer,
      course: { epochs: 6, learningRate },
    });
    expect(history[5].loss).toBeLessThan(history[0].loss / 3);
    expect(state.iteration).toBe(6 * 5);
    expect(state.statistics.get("norm1.variance")?.data.every((x) => x > 0)).toBe(true);
  });

  it("gives the same bytes with one worker, with three, and without", async () => {
    const local = { shards: 4, localSteps: 2, outer: { momentum: 0.5, rate: 0.9 } };
    const course = { augmentation: { shift: 1 } };
    const here = await run({ local, course });
    expect(here.trainer.slots.has("outer/fc1.weight")).toBe(true);
    expect(await run({ course, local: { ...local, executor: one } })).toEqual(here);
    expect(await run({ course, local: { ...local, executor: three } })).toEqual(here);
    expect(await run({ course, local: { ...local, shards: 3 } })).not.toEqual(here);
  });

  it("gives rounds their samples where workers keep none, to the same bytes", async () => {
    const local = { shards: 4, localSteps: 2 };
    expect(await run({ local: { ...local, kept: 0 } })).toEqual(await run({ local }));
  });

  it.each([0, 0.5])("holds masks, with an outer momentum of %d", async (momentum) => {
    const model = blobNet();
    const parameters = parametersOf(model, weightsOf(model));
    const masks = new Map(Array.from(parameters, ([name, tensor]) => [name, maskAbove(tensor, 0.3)]));
    const { best, trainer } = await run({
      model,
      trainer: { masks },
      local: { shards: 4, localSteps: 2, outer: { momentum, rate: 1 } },
    });
    for (const [name, mask] of masks) {
      for (const tensors of [best?.parameters, trainer.parameters]) {
        const kept = tensors?.get(name)?.data ?? [];
        expect(kept.filter((w, i) => mask.data[i] === 0 && w !== 0)).toHaveLength(0);
        expect(kept.some((w) => w !== 0)).toBe(true);
      }
    }
  });

  it("prunes gradually, to the density that is asked for, at exchanges", async () => {
    const model = blobNet();
    const start = parametersOf(model, trainableParameters(model));
    const target = { kind: "density", layers: [["*", 0.25]] } as const;
    const by = { criterion: "magnitude", seed: 1 };
    const pacing = gradually(target, { every: 4, until: 0.6 }, layersOf(model), start, by);
    const { best } = await run({
      model,
      trainer: { masks: wholeMasks(start, weightsOf(model)) },
      course: { pacing, epochs: 4 },
      local: { shards: 2, localSteps: 3 },
    });
    expect(best?.epoch).toBeGreaterThan(2);
    for (const name of weightsOf(model)) {
      expect(densityOf(pick(best?.parameters ?? start, [name]))).toBeCloseTo(0.25, 1);
    }
  });

  it("stopped in the middle of a round and resumed, gives what it would have given", async () => {
    const local = { shards: 2, localSteps: 4, outer: { momentum: 0.5, rate: 1 } };
    const whole = await run({ local });
    for (const stop of [1, 5, 9]) {
      const controller = new AbortController();
      const onProgress = ({ epoch, step }: { epoch: number; step: number }) => {
        if ((epoch - 1) * 20 + step >= stop) controller.abort(new Error("Enough."));
      };
      const stopped = await run({ local, course: { signal: controller.signal, onProgress } });
      expect(stopped.aborted).toBe(true);
      const { aborted: _, ...resume } = stopped;
      expect(await run({ local, course: { resume: resume satisfies EpochsState } })).toEqual(whole);
    }
  });

  it("refuses samples that follow each other, and a batch that no shard fills", async () => {
    const local = { shards: 4, localSteps: 2 };
    const text = { ...data, train: { ...data.train, stream: {} } };
    const stopped = run({ local, data: text, trainer: { task: classify() } });
    await expect(stopped).rejects.toThrow(UserError);
    await expect(stopped).rejects.toThrow(/follow each other/);
    await expect(run({ local: { ...local, shards: 21 } })).rejects.toThrow(/each of 21 shards/);
  });
});
