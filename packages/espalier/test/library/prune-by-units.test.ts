import {
  type CheckpointStore,
  type Dataset,
  evaluate,
  layersOf,
  type Model,
  type Progress,
  pruneByUnits,
  pruneReport,
  pruneUnitsWithoutLabels,
  pruneWithoutLabelsReport,
  type Runtime,
  type TimesStore,
  writeModel,
} from "espalier";
import { nodeEngine } from "espalier/node";
import { beforeAll, describe, expect, it } from "vitest";
import { blobs, trainedBlobNet } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const data = blobs();
const retrain = { epochs: 2, batch: 20, optimizer: "adam", learningRate: 0.01 } as const;
let dense: Model;

beforeAll(async () => {
  dense = await trainedBlobNet(engine, data);
});

function memory(): CheckpointStore & { state?: Uint8Array } {
  return {
    name: "memory",
    load() {
      return this.state;
    },
    save(state) {
      this.state = state;
    },
  };
}

/** A runtime in which a network takes as long as it has weights, by a clock of its own. */
const slow = (): Runtime => {
  let time = 0;
  return {
    name: "slow",
    now: () => time,
    async open(model) {
      return {
        run() {
          time += weightsOf(model);
        },
        release() {},
      };
    },
  };
};

const weightsOf = (model: Model) => layersOf(model).reduce((sum, { tensor }) => sum + tensor.data.length, 0);

describe("pruneByUnits", () => {
  it("goes to a rate: an ordinary, smaller network that does as well as is told, and reports it", async () => {
    const found: Model[] = [];
    const options = { rate: 2, ...retrain, onBest: (model: Model) => void found.push(model) };
    const result = await pruneByUnits(engine, dense, data, options);
    expect(weightsOf(dense) / weightsOf(result.model)).toBeGreaterThan(1.9);
    expect(result.macs.before / result.macs.after).toBeGreaterThan(1.9);
    expect(result.units[0].after).toBeLessThan(result.units[0].before);
    expect((await evaluate(engine, result.model, data)).value).toBeCloseTo(result.pruned.test, 6);
    expect(writeModel(found.at(-1) ?? dense)).toEqual(writeModel(result.model));
    const page = await pruneReport(engine, data, result, { title: "blobs", command: "pruneByUnits(...)" });
    expect(page).toContain("Units of each layer");
    expect(page).toContain("fewer operations");
  });

  it.each(["l2", "taylor", "fisher", "reconstruction"] as const)("chooses by %s", async (unitCriterion) => {
    const { rounds } = await pruneByUnits(engine, dense, data, { rate: 1.4, unitCriterion, ...retrain });
    expect(rounds).toHaveLength(1);
  });

  it("stops at the loss, with the smallest network within it", async () => {
    const { rounds, baseline, pruned } = await pruneByUnits(engine, dense, data, { maxLoss: 3, ...retrain });
    expect(pruned.validation).toBeLessThanOrEqual(baseline.validation + 3);
    expect(rounds.some(({ verdict }) => !verdict.best)).toBe(true);
  });

  it("goes on from a checkpoint to the same bytes", async () => {
    const options = { rate: 2.5, ...retrain };
    const whole = await pruneByUnits(engine, dense, data, options);
    expect(whole.rounds.length).toBeGreaterThan(1);
    const checkpoint = memory();
    const controller = new AbortController();
    const onProgress = (progress: Progress) => progress.kind === "round" && controller.abort();
    const hooks = { checkpoint, signal: controller.signal, onProgress };
    await expect(pruneByUnits(engine, dense, data, { ...options, ...hooks })).rejects.toThrow(/aborted/);
    const resumed = await pruneByUnits(engine, dense, data, { ...options, checkpoint, resume: true });
    expect(writeModel(resumed.model)).toEqual(writeModel(whole.model));
  });

  it("measures times once, and a resumed run reads them", async () => {
    let text: string | undefined;
    const times: TimesStore = {
      name: "times",
      load: () => text,
      save(given) {
        text = given;
      },
    };
    const checkpoint = memory();
    const first = await pruneByUnits(engine, dense, data, {
      speed: 1.3,
      on: slow(),
      times,
      checkpoint,
      ...retrain,
    });
    expect(first.speed).toMatchObject({ runtime: "slow", batch: 1 });
    expect(weightsOf(first.model)).toBeLessThan(weightsOf(dense));
    const saved = text;
    const on = { ...slow(), open: () => Promise.reject(new Error("measured again")) };
    const options = { speed: 1.3, times, checkpoint, resume: true, on, ...retrain };
    const again = await pruneByUnits(engine, dense, data, options);
    expect(again.speed).toEqual(first.speed);
    expect(writeModel(again.model)).toEqual(writeModel(first.model));
    expect(text).toBe(saved);
    text = "{}";
    await expect(pruneByUnits(engine, dense, data, options)).rejects.toThrow(/times is damaged: remove it/);
  });

  it.each<[string, object, RegExp]>([
    ["no target", {}, /give speed, rate or maxLoss\./],
    ["two targets", { rate: 2, speed: 2 }, /give one\./],
    ["a cost beside the target's", { rate: 2, cost: "macs" }, /rate goes by bytes: leave out cost macs\./],
    ["a batch that nothing times", { rate: 2, speedBatch: 8 }, /speedBatch is about times/],
    ["an unknown criterion", { rate: 2, unitCriterion: "l1" }, /"unitCriterion" is not valid/],
  ])("refuses %s", async (_, options, message) => {
    await expect(pruneByUnits(engine, dense, data, options)).rejects.toThrow(message);
  });

  it("says where the loss has no gradient to choose by", async () => {
    const options = { rate: 2, task: "imitate", unitCriterion: "taylor", epochs: 1 } as const;
    await expect(pruneByUnits(engine, dense, data, options)).rejects.toThrow(/choose l2 or reconstruction/);
  });
});

describe("pruneUnitsWithoutLabels", () => {
  const unlabeled: Dataset = { ...data, targets: [], classes: undefined };

  it("fits what is left, and reports it", async () => {
    const result = await pruneUnitsWithoutLabels(engine, dense, unlabeled, { rate: 1.3 });
    expect(result.compressionRate).toBeGreaterThan(1.25);
    expect([result.baseline, result.pruned]).toEqual([null, null]);
    expect(result.agreement.test.agreement).toBeGreaterThan(80);
    expect(result.units[0].after).toBeLessThan(result.units[0].before);
    expect(pruneWithoutLabelsReport(result, { title: "blobs", command: "..." })).toContain("Units of each layer");
  });

  it("stops at the loss that is expected", async () => {
    const { trials } = await pruneUnitsWithoutLabels(engine, dense, unlabeled, { maxLoss: 1 });
    expect(trials.some(({ accepted }) => accepted)).toBe(true);
    expect(trials.at(-1)?.accepted).toBe(false);
  });

  it("refuses criteria that need labels", async () => {
    const options = { rate: 2, unitCriterion: "taylor" } as const;
    await expect(pruneUnitsWithoutLabels(engine, dense, unlabeled, options)).rejects.toThrow(/leave out unitCriterion/);
  });
});
