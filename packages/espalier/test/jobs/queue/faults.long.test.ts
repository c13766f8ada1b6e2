import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { queueExecutor } from "../../../src/jobs/queue/executor.ts";
import { queueName } from "../../../src/jobs/queue/kind.ts";
import { random } from "../../../src/random.ts";
import { shared } from "../trial-jobs.ts";
import { type Cuttable, cuttable } from "./cuttable.ts";
import { hasRedis, type OwnRedis, ownRedis } from "./redis.ts";

const KIND = "faults";

describe.skipIf(!hasRedis)("nothing is lost and nothing is counted twice when", () => {
  let redis: OwnRedis;
  let folder: string;
  let workers: TrialWorker[];
  let proxy: Cuttable | undefined;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "espalier-faults-"));
    redis = await ownRedis();
    workers = [];
  });
  afterEach(async () => {
    for (const worker of workers) await worker.end("SIGKILL");
    proxy?.end();
    await redis.end();
    rmSync(folder, { recursive: true });
  });

  const start = (address = redis.address) => {
    const worker = new TrialWorker(address);
    workers.push(worker);
    return worker;
  };

  const living = () => workers.filter((worker) => worker.isAlive);

  /** The squares of many numbers, by way of the queue, while something happens. */
  async function squares(count: number, wait: number, happens: (log: string) => Promise<void>): Promise<string[]> {
    const log = join(folder, "log");
    const executor = queueExecutor({ address: redis.address, kind: KIND, recheck: 1, patience: 60 });
    const found: number[] = [];
    const all = (async () => {
      const inputs = Array.from({ length: count }, (_, x) => ({ x, wait, log }));
      for await (const output of executor.run(shared, inputs)) found.push(output);
    })();
    await Promise.all([all, happens(log)]);
    await executor.release();
    expect(found).toEqual(Array.from({ length: count }, (_, x) => x * x));
    return readFileSync(log, "utf8").split("\n");
  }

  it("workers are killed in their jobs, ten times", async () => {
    const moments = random(1);
    for (let i = 0; i < 3; i++) start();
    await squares(30, 1000, async () => {
      for (let kills = 0; kills < 10; kills++) {
        const victim = await Promise.race(living().map((worker) => worker.atWork()));
        await after(3000 * moments.uniform());
        await victim.end("SIGKILL");
        start();
      }
    });
    const taken = workers.flatMap(({ told }) => told.filter((line) => line.startsWith("taken")));
    expect(taken.length).toBeGreaterThan(30);
  });

  it.each(["SIGTERM", "SIGKILL"] as const)("Redis ends by %s and comes again", async (signal) => {
    for (let i = 0; i < 2; i++) start();
    await squares(20, 500, async () => {
      for (let times = 0; times < 3; times++) {
        await workers[0].atWork();
        await redis.stop(signal);
        await after(2000);
        await redis.start();
      }
    });
  });

  it("Redis comes again with nothing", async () => {
    for (let i = 0; i < 2; i++) start();
    await squares(20, 500, async () => {
      await workers[0].atWork();
      const client = new Redis(redis.port);
      await client.flushall();
      client.disconnect();
    });
  });

  it("a job is delivered twice", async () => {
    for (let i = 0; i < 2; i++) start();
    const lines = await squares(4, 8000, async () => {
      await workers[0].atWork();
      const client = new Redis(redis.port);
      const locks = await client.keys(`bull:${queueName(KIND)}:*:lock`);
      expect(locks.length).toBeGreaterThan(0);
      // As if its worker had not been heard of for long: others take the job while it goes on.
      await client.del(...locks);
      client.disconnect();
    });
    expect(lines.filter((line) => line.startsWith("taken")).length).toBeGreaterThan(4);
  });

  it("a job is lost with worker after worker: it fails then", async () => {
    const worker = start();
    const executor = queueExecutor({ address: redis.address, kind: KIND, recheck: 1 });
    const work = executor.run(shared, [{ x: 1, wait: 60_000 }]).next();
    work.catch(() => {});
    await worker.atWork();
    const client = new Redis(redis.port);
    const [lock] = await client.keys(`bull:${queueName(KIND)}:*:lock`);
    // As if it had been lost as often before.
    await client.hset(lock.replace(/:lock$/, ""), "stc", 12);
    client.disconnect();
    await worker.end("SIGKILL");
    start();
    await expect(work).rejects.toThrow(/^The job "shared" was lost with its worker again and again \(job stalled/);
    await executor.release();
  });

  it("a worker ends by SIGTERM: its job goes back", async () => {
    const first = start();
    await squares(3, 1000, async () => {
      await first.atWork();
      expect(await first.end("SIGTERM")).toBe(0);
      expect(first.told.at(-1)).toContain("handed back");
      start();
    });
  });

  it("a worker is cut off for 30 s", async () => {
    proxy = await cuttable(redis.port);
    const far = start(`redis://127.0.0.1:${proxy.port}`);
    start();
    await squares(60, 1000, async () => {
      await far.atWork();
      proxy?.cut();
      await after(30_000);
      proxy?.mend();
      await far.atWork();
    });
    expect(far.told.filter((line) => line.startsWith("done")).length).toBeGreaterThan(0);
  });
});

/** A worker in a process of its own. */
class TrialWorker {
  readonly told: string[] = [];
  readonly #process: ChildProcess;
  readonly #listeners = new Set<() => void>();

  constructor(address: string) {
    const script = fileURLToPath(new URL("./trial-worker.mjs", import.meta.url));
    const started = spawn(process.execPath, [script, address, KIND], { stdio: ["ignore", "pipe", "ignore"] });
    started.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.told.push(...text.trim().split("\n"));
      for (const listener of this.#listeners) listener();
    });
    this.#process = started;
  }

  get isAlive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Itself, once it is at a job. */
  async atWork(): Promise<this> {
    while (!this.told.at(-1)?.startsWith("taken")) {
      await new Promise<void>((resolve) => this.#listeners.add(resolve));
    }
    return this;
  }

  /** @returns its exit status */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (!this.isAlive) return this.#process.exitCode;
    const gone = once(this.#process, "exit");
    this.#process.kill(signal);
    const [status] = await gone;
    return status;
  }
}
