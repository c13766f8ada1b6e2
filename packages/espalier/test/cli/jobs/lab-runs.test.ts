import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { labRuns } from "../../../src/cli/lab-runs.ts";
import { openDataset } from "../../../src/data/spec.ts";
import { nodeEngine } from "../../../src/engine/node.ts";
import type { Experiment } from "../../../src/experiments/experiment.ts";
import { Lab, type LabOptions } from "../../../src/experiments/lab.ts";
import { localExecutor } from "../../../src/jobs/local.ts";
import { openStore } from "../../../src/jobs/open-store.ts";
import { writeModel } from "../../../src/onnx/write.ts";
import { pruningRounds } from "../../../src/pruning/recipe-rounds.ts";
import { momentum } from "../../../src/training/optimizer.ts";
import { blobNet } from "../../blobs.ts";
import { entry } from "../../jobs/entry.ts";
import { espalier } from "../espalier.ts";
import { waves } from "./waves.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-lab-"));
const at = (name: string) => join(folder, name);
const spec = at("waves.mjs");
const engine = nodeEngine({ threads: 1 });
const module = new URL("../../../src/cli/command-worker.ts", import.meta.url);
for (const [name, value] of [
  ["store", at("store")],
  ["folder", at("work")],
  ["module", spec],
]) {
  module.searchParams.set(name, value);
}
const executor = localExecutor({ workers: 2, modules: [module.href], entry });

beforeAll(() => writeFileSync(spec, waves));
afterAll(async () => {
  await executor.release();
  rmSync(folder, { recursive: true });
});

/** Rates, of which each is a run of its own. */
const rates: Pick<Experiment, "run"> = {
  async run(lab) {
    const model = blobNet();
    const retrain = {
      epochs: 1,
      optimizer: { name: "sgd", momentum: 0.9 },
      learningRate: { policy: "constant", rate: 0.1 },
    } as const;
    const points = await lab.each([2, 4, 8], async (rate) => {
      const rounds = pruningRounds({ kind: "rate", rate }, 1, retrain);
      const { model: pruned, results } = await lab.run(`rate-${rate}`, model, rounds, 20);
      return { rate, results, bytes: Buffer.from(writeModel(pruned)).toString("base64") };
    });
    return { measured: { points }, table: [], figures: [] };
  },
};

async function labWith(elsewhere?: LabOptions["elsewhere"], signal = new AbortController().signal): Promise<Lab> {
  const shelf = { find: () => undefined, keep() {} };
  return new Lab({ engine, data: await openDataset(spec), shelf, seed: 3, quick: true, signal, note() {}, elsewhere });
}

async function elsewhere(signal = new AbortController().signal) {
  const store = await openStore(at("store"));
  return labRuns({ executor, store, data: spec, threads: 1, signal, onProgress() {} });
}

it("takes networks through rounds in other processes to the same", { timeout: 120_000 }, async () => {
  const here = await rates.run(await labWith());
  const there = await rates.run(await labWith(await elsewhere()));
  expect(there.measured).toEqual(here.measured);
});

it("stops where it was told to", async () => {
  const signal = AbortSignal.abort();
  await expect(rates.run(await labWith(await elsewhere(signal), signal))).rejects.toThrow("rate-2");
});

it("keeps to itself rounds that have code in them", async () => {
  const round = {
    name: "own",
    epochs: 1,
    optimizer: momentum(0.9),
    learningRate: { policy: "constant", rate: 0.1 },
  } as const;
  const lab = await labWith(await elsewhere());
  await expect(lab.run("own", blobNet(), [round])).rejects.toThrow("These rounds cannot be done elsewhere");
});

it("is refused where there is nothing to divide, or another device", async () => {
  const out = join(folder, "out");
  const zoo = await espalier("reproduce", "zoo", "--data", folder, "--out", out, "--jobs", "2");
  expect(zoo).toMatchObject({ status: 2, stderr: expect.stringContaining("leave --jobs out") });
  const far = await espalier("reproduce", "zoo", "--data", folder, "--out", out, "--queue", "redis://localhost");
  expect(far).toMatchObject({ status: 2, stderr: expect.stringContaining("leave --queue out") });
  const store = await espalier("reproduce", "fig6", "--out", out, "--store", folder);
  expect(store).toMatchObject({ status: 2, stderr: expect.stringContaining("give --jobs or --queue") });
  const device = await espalier("reproduce", "fig6", "--out", out, "--jobs", "2", "--device", "webgpu");
  expect(device).toMatchObject({ status: 2, stderr: expect.stringContaining("leave out --device webgpu") });
});
