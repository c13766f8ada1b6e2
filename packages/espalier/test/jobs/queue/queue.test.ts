import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Executor, Job, JobOptions } from "../../../src/engine/executor.ts";
import { UserError } from "../../../src/errors.ts";
import { queueExecutor } from "../../../src/jobs/queue/executor.ts";
import { queueName } from "../../../src/jobs/queue/kind.ts";
import { messageOf } from "../../../src/jobs/queue/message.ts";
import { serve } from "../../../src/jobs/queue/serve.ts";
import { entry } from "../entry.ts";
import { sharedDie as die, sharedFail as fail, flood, shared, square } from "../trial-jobs.ts";
import { hasRedis, type OwnRedis, ownRedis } from "./redis.ts";

const KIND = "1.2.3";
const SOON = { timeout: 30_000 };
const modules = [new URL("../trial-jobs.ts", import.meta.url).href];

async function all<I, O>(executor: Executor, job: Job<I, O>, inputs: Iterable<I>, options?: JobOptions): Promise<O[]> {
  const found: O[] = [];
  for await (const output of executor.run(job, inputs, options)) found.push(output);
  return found;
}

describe.skipIf(!hasRedis)("a queue", () => {
  let redis: OwnRedis;
  let folder: string;
  const ends: (() => Promise<unknown>)[] = [];

  let endCommon: () => Promise<void>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "espalier-queue-"));
    redis = await ownRedis();
    endCommon = working();
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  afterAll(async () => {
    await endCommon();
    await redis.end();
    rmSync(folder, { recursive: true });
  });

  function asking(options: Partial<Parameters<typeof queueExecutor>[0]> = {}): Executor {
    const executor = queueExecutor({ address: redis.address, kind: KIND, recheck: 0.3, ...options });
    ends.push(() => executor.release());
    return executor;
  }

  /** Starts a worker. @returns what ends it */
  function working(kind = KIND, told: string[] = []): () => Promise<void> {
    const stop = new AbortController();
    const done = serve({
      address: redis.address,
      kind,
      jobs: 2,
      program: { kind: "process", entry, modules },
      lock: 1,
      signal: stop.signal,
      onJob: (_, what) => told.push(what),
    });
    return () => {
      stop.abort();
      return done;
    };
  }

  /** The queue as those see it who look at it, and as those who would harm it. */
  function board(): Queue {
    const connection = new Redis(redis.port, { maxRetriesPerRequest: null });
    const queue = new Queue(queueName(KIND), { connection });
    ends.push(async () => {
      await queue.close();
      connection.disconnect();
    });
    return queue;
  }

  const taken = (log: string) =>
    readFileSync(log, "utf8")
      .split("\n")
      .filter((line) => line.startsWith("taken"));

  it("does jobs and gives what comes out in order, however long each takes", async () => {
    const told: unknown[] = [];
    const onProgress = (index: number, text: unknown) => told.push([index, text]);
    const inputs = [500, 0, 300, 0, 0].map((wait, x) => ({ x, wait }));
    expect(await all(asking(), shared, inputs, { onProgress })).toEqual([0, 1, 4, 9, 16]);
    expect(told).toContainEqual([0, "waits 500"]);
    expect(await all(asking(), shared, [])).toEqual([]);
  });

  it("throws what jobs throw, and does others afterwards", async () => {
    const executor = asking();
    const mistake = all(executor, fail, ["mistake" as const]);
    await expect(mistake).rejects.toThrow("That is a mistake: ask for something else.");
    await expect(mistake).rejects.toBeInstanceOf(UserError);
    const fault = all(executor, fail, ["fault" as const]);
    await expect(fault).rejects.toThrow("a fault");
    await expect(fault).rejects.not.toBeInstanceOf(UserError);
    await expect(all(executor, die, [{}])).rejects.toThrow(/^The job "shared die" ended its worker 2 times/);
    await expect(all(executor, flood, [null])).rejects.toThrow("65536 at most go through a queue");
    // What failed before is tried anew.
    await expect(all(executor, fail, ["mistake" as const])).rejects.toThrow("That is a mistake");
    expect(await all(executor, shared, [{ x: 5 }])).toEqual([25]);
  });

  it("does the same work once for all who ask for it at a time", async () => {
    const log = join(folder, "once");
    const input = { x: 3, wait: 300, log };
    const both = [all(asking(), shared, [input, input]), all(asking(), shared, [input])];
    expect(await Promise.all(both)).toEqual([[9, 9], [9]]);
    expect(taken(log)).toHaveLength(1);
  });

  it("is left by who does not want a job any more, and others still get theirs", async () => {
    const log = join(folder, "left");
    const stop = new AbortController();
    const inputs = Array.from({ length: 6 }, (_, x) => ({ x, wait: 3000, log }));
    const executor = asking();
    const left = all(executor, shared, inputs, {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error("enough")),
    });
    await expect(left).rejects.toThrow("enough");
    await executor.release();
    const queue = board();
    await expect.poll(() => queue.getJobCounts("wait", "active"), SOON).toEqual({ wait: 0, active: 0 });
    expect(taken(log).length).toBeLessThanOrEqual(2);
    expect(await all(asking(), shared, [{ x: 0, wait: 0 }])).toEqual([0]);
  });

  it("gets back the jobs of a worker that ends, and those that it has lost", async () => {
    const log = join(folder, "back");
    const told: string[] = [];
    const kind = "a worker that ends";
    const end = working(kind, told);
    const executor = asking({ kind });
    const work = all(executor, shared, [{ x: 7, wait: 1500, log }]);
    await expect.poll(() => existsSync(log), SOON).toBe(true);
    await end();
    expect(told).toEqual(["taken", "handed back"]);
    const client = new Redis(redis.port);
    await client.flushall();
    client.disconnect();
    ends.push(working(kind));
    expect(await work).toEqual([49]);
    expect(taken(log)).toHaveLength(2);
  });

  it("says once that nobody works", async () => {
    const warned: string[] = [];
    const stop = new AbortController();
    const executor = asking({ kind: "of nobody", warn: (sentence) => warned.push(sentence) });
    const work = all(executor, shared, [{ x: 11 }], { signal: stop.signal });
    await expect.poll(() => warned, SOON).toHaveLength(1);
    expect(warned[0]).toBe(
      `No worker of this version and kind of processor is at ${redis.address}: start one with espalier worker --queue.`,
    );
    stop.abort(new Error("waited"));
    await expect(work).rejects.toThrow("waited");
  });

  it("does nothing that it should not", async () => {
    await expect(all(asking(), square, [{ x: 2 }])).rejects.toThrow('The job "square" does not check its input');
    const strange: Job<unknown, unknown> = { name: "square", run: () => 0, check: () => {} };
    await expect(all(asking(), strange, [{ x: 2 }])).rejects.toThrow("is done on the machine that asks for it alone");
    const unknown: Job<unknown, unknown> = { name: "__proto__", run: () => 0, check: () => {} };
    await expect(all(asking(), unknown, [1])).rejects.toThrow('There is no job "__proto__".');
    const unchecked: Job<unknown, unknown> = { ...shared, run: () => 0 };
    await expect(all(asking(), unchecked, [{ x: "2" }])).rejects.toThrow("The job takes a number x.");
    const queue = board();
    const { id } = messageOf("shared", { x: 2 }, KIND);
    for (const [jobId, data] of [
      [id, { input: { x: 3 } }],
      [id, { input: { x: 2 }, more: 1 }],
      ["other", { input: { x: 2 } }],
      ["large", { input: "x".repeat(70_000) }],
    ] as const) {
      const job = await queue.add("shared", data, { jobId });
      await expect
        .poll(async () => (await queue.getJob(jobId))?.failedReason, SOON)
        .toContain("is none that Espalier sends");
      await job.remove();
    }
  });
});

describe.skipIf(!hasRedis)("a queue that goes", () => {
  it("is waited for, and given up in a sentence", async () => {
    const redis = await ownRedis();
    const warned: string[] = [];
    const options = {
      address: redis.address,
      kind: KIND,
      patience: 1,
      warn: (sentence: string) => warned.push(sentence),
    };
    const executor = queueExecutor(options);
    const never = new AbortController().signal;
    const work = [
      all(executor, shared, [{ x: 1, wait: 60_000 }]),
      serve({ ...options, jobs: 1, program: { kind: "process", entry, modules }, signal: never }),
    ];
    const outcomes = Promise.allSettled(work);
    const connection = new Redis(redis.port);
    const active = `bull:${queueName(KIND)}:active`;
    await expect.poll(() => connection.llen(active), SOON).toBe(1);
    connection.disconnect();
    await redis.end();
    for (const outcome of await outcomes) {
      const reason = outcome.status === "rejected" ? outcome.reason : undefined;
      expect(reason).toBeInstanceOf(UserError);
      expect(String(reason)).toContain(`The queue at ${redis.address} cannot be reached (connect ECONNREFUSED`);
    }
    expect(warned).toEqual(Array(2).fill(`The queue at ${redis.address} is lost: it is tried again for 1 s.`));
    await executor.release();
    const nobody = queueExecutor(options);
    await expect(all(nobody, shared, [{ x: 1 }])).rejects.toThrow("cannot be reached (connect ECONNREFUSED");
    await nobody.release();
  });
});

describe.skipIf(!hasRedis)("a queue with a password", () => {
  it("is asked with it, and refuses without; no message shows it", async () => {
    const redis = await ownRedis("--requirepass", "s3cret:/@");
    try {
      const secret = encodeURIComponent("s3cret:/@");
      const good = queueExecutor({ address: `redis://:${secret}@127.0.0.1:${redis.port}/2`, kind: KIND });
      const stop = new AbortController();
      const asked = all(good, shared, [{ x: 1 }], { signal: stop.signal });
      setTimeout(() => stop.abort(new Error("asked")), 300);
      await expect(asked).rejects.toThrow("asked");
      await good.release();
      for (const wrong of ["", ":wr0ng@", "user:wr0ng@"]) {
        const executor = queueExecutor({ address: `redis://${wrong}127.0.0.1:${redis.port}`, kind: KIND });
        const refused = await all(executor, shared, [{ x: 1 }]).catch((error: unknown) => error);
        expect(refused).toBeInstanceOf(UserError);
        expect(String(refused)).toMatch(
          /^UserError: The queue at redis:\/\/127\.0\.0\.1:\d+ refuses \((NOAUTH|WRONGPASS)/,
        );
        expect(String(refused)).not.toContain("wr0ng");
        await executor.release();
      }
    } finally {
      await redis.end();
    }
  });
});
