import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeModel } from "../../../src/onnx/write.ts";
import { blobNet } from "../../blobs.ts";
import { hasRedis, type OwnRedis, ownRedis } from "../../jobs/queue/redis.ts";
import { bundled } from "../bundle.ts";
import { waves } from "./waves.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-shards-queue-"));
const at = (...names: string[]) => join(folder, ...names);
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!hasRedis)("shards at a queue", { timeout: 300_000 }, () => {
  let redis: OwnRedis;
  let main: string;
  const ends: (() => void)[] = [];
  beforeAll(async () => {
    main = await bundled("shards-queue");
    writeFileSync(at("waves.mjs"), waves);
    writeFileSync(at("net.onnx"), writeModel(blobNet()));
    redis = await ownRedis();
  }, 120_000);
  afterAll(async () => {
    for (const end of ends) end();
    await redis.end();
  });

  function run(...words: string[]) {
    const child = spawn(process.execPath, [main, ...words], { cwd: folder });
    const [stdout, stderr, closed] = [text(child.stdout), text(child.stderr), once(child, "close")];
    ends.push(() => child.kill("SIGKILL"));
    return { child, ended: async () => ({ status: (await closed)[0], stdout: await stdout, stderr: await stderr }) };
  }

  /** Starts a worker without the module of the data, which does one job at a time. */
  const startWorker = () => run("worker", "--queue", redis.address, "--store", "shared", "--jobs", "1", "--lock", "2");

  const sharded = ["--data", "waves.mjs", "--batch", "20", "--shards", "3", "--local-steps", "2", "--threads", "1"];
  const there = () => ["--queue", redis.address, "--store", "shared"];

  const train = ["train", "net.onnx", ...sharded, "--epochs", "1"];

  it("give the same bytes as one process, also where a worker is killed in a round", async () => {
    expect(await run(...train, "--jobs", "1", "--out", "near.onnx").ended()).toMatchObject({ status: 0 });
    const [victim, worker] = [startWorker(), startWorker()];
    // It is at its first job then, whose process has yet to start.
    victim.child.stderr.on("data", (told) => /: taken/.test(String(told)) && victim.child.kill("SIGKILL"));
    expect(await run(...train, ...there(), "--out", "far.onnx").ended()).toMatchObject({ status: 0 });
    expect(readFileSync(at("far.onnx"))).toEqual(readFileSync(at("near.onnx")));
    const { stderr } = await victim.ended();
    expect(stderr).toMatch(/: taken/);
    expect(stderr).not.toMatch(/: done/);
    worker.child.kill("SIGTERM");
    expect(await worker.ended()).toMatchObject({ status: 0 });
  });

  it("retrain what is pruned, on two workers", async () => {
    const prune = ["prune", "near.onnx", ...sharded, "--epochs", "1", "--rounds", "1", "--density", "*=0.5"];
    expect(await run(...prune, "--jobs", "1", "--out", "near").ended()).toMatchObject({ status: 0 });
    const workers = [startWorker(), startWorker()];
    expect(await run(...prune, ...there(), "--out", "far").ended()).toMatchObject({ status: 0 });
    expect(readFileSync(at("far/pruned.onnx"))).toEqual(readFileSync(at("near/pruned.onnx")));
    const left = readdirSync(at("shared"), { recursive: true, encoding: "utf8" });
    expect(left.filter((name) => /[0-9a-f]{64}/.test(name))).toEqual([]);
    for (const { child, ended } of workers) {
      child.kill("SIGTERM");
      const { status, stderr } = await ended();
      expect(status).toBe(0);
      expect(stderr).toMatch(/: done/);
    }
  });
});
