import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeModel } from "../../../src/onnx/write.ts";
import { random } from "../../../src/random.ts";
import { blobNet } from "../../blobs.ts";
import { hasRedis, type OwnRedis, ownRedis } from "../../jobs/queue/redis.ts";
import { bundled } from "../bundle.ts";
import { waves } from "./waves.ts";

// What goes wrong between machines changes nothing of a sweep's table.

describe.skipIf(!hasRedis)("a sweep on a queue ends with the same table when", () => {
  const folder = mkdtempSync(join(tmpdir(), "espalier-queue-faults-"));
  const at = (...names: string[]) => join(folder, ...names);
  const workers: ChildProcess[] = [];
  let redis: OwnRedis;
  let main: string;
  let runs = 0;

  beforeAll(async () => {
    main = await bundled("queue-faults");
    const training = { data: "waves.mjs", batch: 20, epochs: 20 };
    const stages = [
      { command: "train", options: { network: "net.onnx", ...training } },
      { command: "prune", options: { ...training, rounds: 2 }, grid: { rate: [2, 4, 8] } },
    ];
    writeFileSync(at("waves.mjs"), waves);
    writeFileSync(at("net.onnx"), writeModel(blobNet()));
    writeFileSync(at("plan.json"), JSON.stringify({ seeds: [1, 2, 3], stages }));
    redis = await ownRedis();
    expect(await ended(run("sweep", "plan.json", "--out", "whole", "--jobs", "1"))).toBe(0);
  }, 300_000);
  afterAll(async () => {
    for (const worker of workers.splice(0)) await kill(worker);
    await redis.end();
    rmSync(folder, { recursive: true });
  });

  const run = (...words: string[]) =>
    spawn(process.execPath, [main, ...words], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });

  async function ended(child: ChildProcess): Promise<number | null> {
    child.stderr?.resume();
    const [status] = await once(child, "close");
    return status;
  }

  async function kill(child: ChildProcess): Promise<void> {
    const gone = once(child, "exit");
    if (child.exitCode === null && child.kill("SIGKILL")) await gone;
  }

  /** Workers that are at a job. */
  const atWork = new Set<ChildProcess>();

  function startWorker(store: string): void {
    const own = ["--store", store, "--folder", `work-${runs}-${workers.length}`, "--jobs", "1", "--lock", "2"];
    const worker = run("worker", "--queue", redis.address, "--modules", "waves.mjs", ...own);
    worker.stderr?.on("data", (text) => {
      for (const [, what] of String(text).matchAll(/^job \w+: (\w+)/gm)) {
        if (what === "taken") atWork.add(worker);
        else atWork.delete(worker);
      }
    });
    workers.push(worker);
  }

  /** What is in a store, by its keys. */
  const contents = (store: string) =>
    readdirSync(at(store), { recursive: true, encoding: "utf8" })
      .filter((name) => /[0-9a-f]{64}/.test(name))
      .sort()
      .map((name) => [name, readFileSync(at(store, name), "base64")]);

  /** Runs the sweep anew with two workers, while something happens until it has ended. */
  async function sweep(happens: (store: string, isDone: () => boolean) => Promise<void>): Promise<void> {
    const out = `run-${++runs}`;
    const store = `${out}-store`;
    for (let i = 0; i < 2; i++) startWorker(store);
    const child = run("sweep", "plan.json", "--out", out, "--queue", redis.address, "--store", store);
    const status = ended(child);
    await happens(store, () => child.exitCode !== null);
    expect(await status).toBe(0);
    for (const worker of workers.splice(0)) await kill(worker);
    atWork.clear();
    expect(readFileSync(at(out, "sweep.json"), "utf8")).toBe(readFileSync(at("whole", "sweep.json"), "utf8"));
    expect(contents(store)).toEqual(contents("whole/store"));
  }

  it("its workers are killed in their jobs, ten times", async () => {
    const { uniform } = random(11, "kills");
    let kills = 0;
    while (kills < 10) {
      await sweep(async (store, isDone) => {
        while (kills < 10 && !isDone()) {
          await after(100 + 3000 * uniform());
          const victim = [...atWork][Math.floor(uniform() * atWork.size)];
          if (!victim) continue;
          kills++;
          atWork.delete(victim);
          await kill(victim);
          startWorker(store);
        }
      });
    }
  });

  it("Redis is stopped and started in the middle", async () => {
    let stops = 0;
    await sweep(async (_, isDone) => {
      while (stops < 2 && !isDone()) {
        await after(1000);
        if (atWork.size === 0) continue;
        stops++;
        await redis.stop(stops === 1 ? "SIGTERM" : "SIGKILL");
        await after(3000);
        await redis.start();
      }
    });
    expect(stops).toBeGreaterThan(0);
  });
});
