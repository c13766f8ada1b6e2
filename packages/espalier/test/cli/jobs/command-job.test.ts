import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandModule } from "../../../src/cli/command-module.ts";
import { commandRunner } from "../../../src/cli/command-runner.ts";
import { findCommand } from "../../../src/cli/job-commands.ts";
import { contentPath, JobMaker } from "../../../src/cli/job-maker.ts";
import { type Executor, inlineExecutor, type Job } from "../../../src/engine/executor.ts";
import { type CommandJob, commandJob, jobId } from "../../../src/jobs/command-job.ts";
import { digestOf } from "../../../src/jobs/digest.ts";
import { folderStore } from "../../../src/jobs/folder-store.ts";
import { localExecutor } from "../../../src/jobs/local.ts";
import { contentKey, getRecord, type Store } from "../../../src/jobs/store.ts";
import { writeModel } from "../../../src/onnx/write.ts";
import { blobNet } from "../../blobs.ts";
import { entry } from "../../jobs/entry.ts";
import { waves } from "./waves.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-commands-"));
const at = (...names: string[]) => join(folder, ...names);
const module = at("waves.mjs");
const training = { data: module, epochs: 2, batch: 20 };

beforeAll(() => {
  writeFileSync(module, waves);
  writeFileSync(at("net.onnx"), writeModel(blobNet()));
  mkdirSync(at("work"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function one<Input, Output>(executor: Executor, job: Job<Input, Output>, input: Input): Promise<Output> {
  for await (const output of executor.run(job, [input])) return output;
  throw new Error("nothing came");
}

const runnerIn = (store: Store, modules = new Map([[digestOf(waves), module]])) =>
  commandRunner({ store, folder: at("work"), modules });

describe("a job", () => {
  let store: Store;
  let job: CommandJob;
  beforeAll(async () => {
    store = await folderStore(at("store"));
    const call = { command: "train", argument: at("net.onnx"), options: training, seed: 3, threads: 1 } as const;
    job = await new JobMaker(store, findCommand).make(call);
  });

  it("carries hashes and names of its own alone", () => {
    expect(job).toMatchObject({ argument: "network.onnx", options: { ...training, data: "data.mjs" }, seed: 3 });
    expect(Object.keys(job.inputs).sort()).toEqual(["data.mjs", "network.onnx"]);
    expect(JSON.stringify(job)).not.toContain(folder);
  });

  it("has the id of what its bytes depend on", () => {
    const { seed, threads, ...rest } = job;
    expect(jobId({ threads, seed, ...rest })).toBe(jobId(job));
    for (const other of [{ seed: 4 }, { threads: 2 }, { version: "0" }, { options: {} }, { processor: "another" }]) {
      expect(jobId({ ...job, ...other })).not.toBe(jobId(job));
    }
  });

  it("gives the same bytes here and in a process, once, and feeds the next", async () => {
    const other = await folderStore(at("other"));
    await new JobMaker(other, findCommand).make({
      command: "train",
      argument: at("net.onnx"),
      options: {},
      threads: 1,
    });
    const told: string[] = [];
    const processes = localExecutor({
      workers: 1,
      modules: [commandModule({ store: at("other"), folder: at("work"), modules: [module] })],
      entry,
    });
    const stores = [store, other];
    const ids = [await one(inlineExecutor, runnerIn(store), job), await one(processes, commandJob, job)];
    await processes.release();
    const records = await Promise.all(ids.map((id, i) => getRecord(stores[i], id)));
    expect(records[0]).toEqual(records[1]);
    expect(records[0]?.result).toMatchObject({ network: "network.onnx", epochs: 2 });
    expect(readdirSync(at("work"))).toEqual([]);
    const trained = records[0]?.outputs["model.onnx"].sha256 ?? "";
    expect(await other.has(contentKey(trained))).toBe(true);

    const options = { ...training, rate: 4, rounds: 1 };
    const next = { command: "prune", argument: contentPath(trained, ".onnx"), options, seed: 3, threads: 1 } as const;
    const pruned = await new JobMaker(store, findCommand).make(next);
    for await (const id of inlineExecutor.run(runnerIn(store), [pruned], {
      onProgress: (_, text) => told.push(String(text)),
    })) {
      const record = await getRecord(store, id);
      expect(Object.keys(record?.outputs ?? {})).toEqual(["pruned.esp", "pruned.onnx"]);
      expect(record?.result).toMatchObject({ network: "model" });
    }
    expect(told.length).toBeGreaterThan(0);
    // What was done is not done again, wherever its folder would be.
    await one(inlineExecutor, commandRunner({ store, folder: "/dev/null", modules: new Map() }), pruned);
  });

  it.each([
    ["a path as data", { options: { data: "npz:../secret.npz" } }, /reads "..\/secret.npz" as data, which is none of/],
    ["a path as a model", { argument: "/etc/passwd" }, /reads "\/etc\/passwd" as network, which is none of its inputs/],
    ["a file as a module", { options: { ...training, data: "network.mjs" } }, /reads "network.mjs" as data, which/],
    ["a module in another form", { options: { ...training, data: "none:data.mjs" } }, /reads "data.mjs" as data/],
    ["code in a measure", { options: { data: "data.mjs", measure: "evil.js" } }, /reads "evil.js" as measure, which/],
    [
      "an object in a name's place",
      { options: { data: "data.mjs", optimizer: { name: "adam" } } },
      /"optimizer" of a job/,
    ],
    [
      "an option that there is not",
      { options: { data: "data.mjs", epoch: 1 } },
      /no option "epoch" of a job: .*did you mean epochs/,
    ],
    ["a value that is not valid", { options: { data: "data.mjs", epochs: -1 } }, /^The option "epochs" is not valid/],
    ["where to write", { options: { data: "data.mjs", report: "x" } }, /There is no option "report" of a job/],
    [
      "where to write a page",
      { command: "compress", options: { report: "/etc/x" } },
      /There is no option "report" of a/,
    ],
    [
      "another number of threads",
      { options: { data: "data.mjs", threads: 9 } },
      /There is no option "threads" of a job/,
    ],
    ["another version", { version: "0" }, /^The job is for 0, and this is espalier /],
    ["another processor", { processor: "abacus" }, /^The job is for a processor "abacus", and this is /],
    [
      "an input outside",
      { inputs: { "../a": { kind: "file", sha256: "0".repeat(64) } } },
      /^What was sent is not a job/,
    ],
    ["a command that is none", { command: "import" }, /^What was sent is not a job/],
    [
      "content that is not there",
      { inputs: { "a.onnx": { kind: "file", sha256: "0".repeat(64) } } },
      /^\S+ has no sha256/,
    ],
  ])("is refused with %s", async (_, change, why) => {
    await expect(one(inlineExecutor, runnerIn(store), { ...job, ...change } as CommandJob)).rejects.toThrow(why);
  });

  it("is refused by a worker that was not given its module", async () => {
    const runner = runnerIn(await folderStore(at("empty")), new Map());
    const named = { ...job, argument: "lenet-5", inputs: { "data.mjs": job.inputs["data.mjs"] } };
    await expect(one(inlineExecutor, runner, named)).rejects.toThrow(/^The job needs the module "data.mjs" of data, /);
  });
});
