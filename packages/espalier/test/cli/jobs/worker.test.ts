import type { ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandRunner } from "../../../src/cli/command-runner.ts";
import { JobMaker } from "../../../src/cli/job-maker.ts";
import { type Executor, inlineExecutor, type Job } from "../../../src/engine/executor.ts";
import { type CommandJob, commandJob } from "../../../src/jobs/command-job.ts";
import { digestOf } from "../../../src/jobs/digest.ts";
import { folderStore } from "../../../src/jobs/folder-store.ts";
import { queueExecutor } from "../../../src/jobs/queue/executor.ts";
import { getRecord, type Store } from "../../../src/jobs/store.ts";
import { writeModel } from "../../../src/onnx/write.ts";
import { blobNet } from "../../blobs.ts";
import { hasRedis, type OwnRedis, ownRedis } from "../../jobs/queue/redis.ts";
import { espalier } from "../espalier.ts";
import { type Ended, inOwnProcess } from "../own-process.ts";
import { waves } from "./waves.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-workers-"));
const at = (...names: string[]) => join(folder, ...names);

beforeAll(() => {
  writeFileSync(at("waves.mjs"), waves);
  writeFileSync(at("net.onnx"), writeModel(blobNet()));
  mkdirSync(at("work"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!hasRedis)("workers", () => {
  let redis: OwnRedis;
  beforeAll(async () => {
    redis = await ownRedis("--requirepass", "secret");
    writeFileSync(at("address"), `${redis.address.replace("//", "//:secret@")}\n`);
  });
  afterAll(() => redis.end());

  it("give the same bytes as one process, and end well when they are told to", { timeout: 300_000 }, async () => {
    const [near, shared] = [await folderStore(at("near")), await folderStore(at("shared"))];
    const children: ChildProcess[] = [];
    const options = ["--store", at("shared"), "--jobs", "1", "--modules", at("waves.mjs")];
    const ended: Promise<Ended>[] = [1, 2].map(() =>
      inOwnProcess(["worker", "--queue", at("address"), ...options], { onStart: (child) => children.push(child) }),
    );
    const runner = commandRunner({
      store: near,
      folder: at("work"),
      modules: new Map([[digestOf(waves), at("waves.mjs")]]),
    });
    const queue = queueExecutor({ address: redis.address.replace("//", "//:secret@") });
    const far = await records(queue, commandJob, shared);
    await queue.release();
    expect(far).toEqual(await records(inlineExecutor, runner, near));
    expect(far.map((record) => Object.keys(record?.outputs ?? {}))).toEqual(Array(3).fill(["model.onnx"]));
    expect(readdirSync(at("shared", "sha256")).sort()).toEqual(readdirSync(at("near", "sha256")).sort());
    for (const child of children) child.kill("SIGTERM");
    for (const { status, stdout, stderr } of await Promise.all(ended)) {
      expect(status, stderr).toBe(0);
      expect(stdout.toString()).toBe("");
      expect(stderr).toMatch(
        /^The worker is at redis:\/\/127\.0\.0\.1:\d+, queue espalier-[0-9a-f]{12}: 1 jobs at once\.$/m,
      );
      expect(stderr).toMatch(/^The worker has ended\.$/m);
      expect(stderr).not.toContain("secret");
    }
  });
});

/** What training with three seeds gives. */
async function records(executor: Executor, job: Job<CommandJob, string>, store: Store) {
  const maker = new JobMaker(store);
  const options = { data: at("waves.mjs"), epochs: 1, batch: 20 };
  const call = { command: "train", argument: at("net.onnx"), options, threads: 1 } as const;
  const jobs = await Promise.all([1, 2, 3].map((seed) => maker.make({ ...call, seed })));
  const found: Awaited<ReturnType<typeof getRecord>>[] = [];
  for await (const id of executor.run(job, jobs)) found.push(await getRecord(store, id));
  return found;
}

it.each([
  [[], /A worker takes jobs from a queue: give its --queue\./],
  [["--queue", "localhost:6379"], /The address of the queue is none: write it as redis:/],
  [["--queue", "redis://:secret@127.0.0.1:1/x"], /The address of the queue is none: write it as redis:/],
  [["--queue", "redis://:secret@127.0.0.1:1", "--modules", "none.mjs"], /There is no module none\.mjs for --modules/],
  [["--queue", "redis://:secret@127.0.0.1:1", "--jobs", "0"], /number of jobs is a number from 1 to 256/],
])("a worker refuses %j", async (args, why) => {
  const { status, stderr } = await espalier("worker", "--store", at("store"), ...args);
  expect(status).toBe(2);
  expect(stderr).toMatch(why);
  expect(stderr).not.toContain("secret");
});
