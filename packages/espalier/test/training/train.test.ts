import { describe, expect, it } from "vitest";
import type { Split } from "../../src/data/dataset.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import type { EpochsResult } from "../../src/training/epochs.ts";
import { Evaluator } from "../../src/training/evaluate.ts";
import { trainableParameters } from "../../src/training/parameters.ts";
import { type EpochsOptions, runEpochs } from "../../src/training/train.ts";
import { Trainer } from "../../src/training/trainer.ts";
import { blobNet, blobs } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const data = blobs();

async function run(
  options: Partial<EpochsOptions> = {},
  seed = 1,
  stepsPerRun?: number,
  given = data,
): Promise<EpochsResult> {
  const model = blobNet(1, 0.3);
  const trainer = await Trainer.create(engine, model, { batch: 20, seed, optimizer: { name: "adam" }, stepsPerRun });
  const evaluator = await Evaluator.create(engine, model, data, trainableParameters(model));
  try {
    const learningRate = { policy: "exponential", rate: 0.01, final: 0.001 } as const;
    return await runEpochs(trainer, evaluator, given, { epochs: 4, seed, learningRate, ...options });
  } finally {
    await trainer.release();
    await evaluator.release();
  }
}

describe("train", () => {
  it("learns, and keeps the parameters of the best epoch", async () => {
    const { history, best, aborted } = await run({ epochs: 8 });
    expect(aborted).toBe(false);
    expect(history).toHaveLength(8);
    expect(history[7].loss).toBeLessThan(history[0].loss / 2);
    expect(best?.validation).toBe(Math.min(...history.map(({ validation }) => validation)));
    const evaluator = await Evaluator.create(engine, blobNet(1, 0.3), data, trainableParameters(blobNet()));
    evaluator.load(best?.parameters ?? new Map());
    expect((await evaluator.evaluate(data.validation)).value).toBe(best?.validation);
    await evaluator.release();
  });

  it("gives the same bytes from the same seed, and others from another", async () => {
    const [first, again, other] = [await run(), await run(), await run({}, 2)];
    expect(again).toEqual(first);
    expect(other.trainer.parameters).not.toEqual(first.trainer.parameters);
  });

  it.each([1, 7, 20, 33, 79])("stopped after step %i and resumed, gives what it would have given", async (stop) => {
    const whole = await run();
    const controller = new AbortController();
    let done = 0;
    const onProgress = () => {
      if (++done === stop) controller.abort();
    };
    // One step a run, to stop after any; what continues does several, and must come to the same.
    const stopped = await run({ signal: controller.signal, onProgress }, 1, 1);
    expect(stopped.aborted).toBe(true);
    expect(stopped.trainer.iteration).toBe(stop);
    const { aborted: _, ...resume } = stopped;
    expect(await run({ resume })).toEqual(whole);
  });

  it("tells data what is read next, which changes nothing", async () => {
    const [told, read]: [number[], number[]] = [[], []];
    const watched: Split = {
      ...data.train,
      prepare: (indices) => void told.push(...Array.from(indices)),
      read(indices, into) {
        if (into.image) read.push(...Array.from(indices));
        return data.train.read(indices, into);
      },
    };
    expect(await run({}, 1, 2, { ...data, train: watched })).toEqual(await run({}, 1, 2));
    // The samples of the first run and of the two after it.
    expect(told.slice(0, 120)).toEqual(read.slice(0, 120));
    expect(new Set(told)).toEqual(new Set(read));
  });

  it("changes the training images where asked", async () => {
    const [as, changed, again] = [
      await run(),
      await run({ augmentation: { shift: 1 } }),
      await run({ augmentation: { shift: 1 } }),
    ];
    expect(changed.trainer.parameters).not.toEqual(as.trainer.parameters);
    expect(again).toEqual(changed);
  });

  it("stops early when validation no longer improves", async () => {
    const { history, best } = await run({ epochs: 60, patience: 3 });
    expect(history.length).toBeLessThan(60);
    expect(history.length).toBe((best?.epoch ?? 0) + 3);
  });

  it("says when it diverges, and when the batch is too large", async () => {
    await expect(run({ learningRate: { policy: "constant", rate: 1e30 } })).rejects.toThrow(/diverged/);
    const model = blobNet();
    const trainer = await Trainer.create(engine, model, { batch: 500, seed: 1, optimizer: { name: "adam" } });
    const evaluator = await Evaluator.create(engine, model, data);
    const options = { epochs: 1, seed: 1, learningRate: { policy: "constant", rate: 1 } } as const;
    await expect(runEpochs(trainer, evaluator, data, options)).rejects.toThrow(/larger than the 400 training samples/);
    await trainer.release();
    await evaluator.release();
  });
});
