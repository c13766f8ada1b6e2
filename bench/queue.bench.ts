/**
 * What does a job cost its queue?
 *
 * Jobs that do nothing, with inputs of the size that a call of `prune` has, go from one who asks through a Redis of the
 * benchmark's own to workers on this machine. It counts commands, bytes and the processor time of Redis for each job, the
 * memory of one that waits, and what a worker costs that has nothing to do. Times of the clock are left out: what else
 * runs here would change them.
 *
 *     npm run bench -- queue [jobs, default 2000]
 */
import { setTimeout as after } from "node:timers/promises";
import Table from "cli-table3";
import { Redis } from "ioredis";
import { queueExecutor } from "../packages/espalier/src/jobs/queue/executor.ts";
import { serve } from "../packages/espalier/src/jobs/queue/serve.ts";
import { entry } from "../packages/espalier/test/jobs/entry.ts";
import { ownRedis } from "../packages/espalier/test/jobs/queue/redis.ts";
import { shared } from "../packages/espalier/test/jobs/trial-jobs.ts";

const JOBS = Number(process.argv[2] ?? 2000);
const WORKERS = 4;
/** Bytes of a job of `prune`, beside what tells it from others. */
const SIZE = 900;
const MINUTE = 60_000;
const kind = "bench";

const redis = await ownRedis();
const client = new Redis(redis.port);

interface Cost {
  readonly commands: number;
  readonly received: number;
  readonly sent: number;
  readonly seconds: number;
  readonly memory: number;
}

async function cost(): Promise<Cost> {
  const info = await client.info();
  const read = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, "m").exec(info)?.[1]);
  return {
    commands: read("total_commands_processed"),
    received: read("total_net_input_bytes"),
    sent: read("total_net_output_bytes"),
    seconds: read("used_cpu_user") + read("used_cpu_sys"),
    memory: read("used_memory"),
  };
}

async function* ask(count: number, from: number, signal?: AbortSignal) {
  const executor = queueExecutor({ address: redis.address, kind, ahead: JOBS });
  const inputs = Array.from({ length: count }, (_, i) => ({ x: from + i, like: "x".repeat(SIZE) }));
  yield* executor.run(shared, inputs, { signal });
  await executor.release();
}

async function all(count: number, from: number): Promise<void> {
  for await (const _ of ask(count, from));
}

function start(workers: number): () => Promise<unknown> {
  const stop = new AbortController();
  const modules = [new URL("../packages/espalier/test/jobs/trial-jobs.ts", import.meta.url).href];
  const program = { kind: "thread", entry, modules } as const;
  const served = Array.from({ length: workers }, () =>
    serve({ address: redis.address, kind, jobs: 1, program, signal: stop.signal }),
  );
  return () => {
    stop.abort();
    return Promise.all(served);
  };
}

/** Jobs that wait: nobody works yet. */
async function waiting(): Promise<number> {
  const stop = new AbortController();
  const from = await cost();
  const executor = queueExecutor({ address: redis.address, kind: "nobody", ahead: JOBS });
  const inputs = Array.from({ length: JOBS }, (_, x) => ({ x, like: "x".repeat(SIZE) }));
  const asked = (async () => {
    for await (const _ of executor.run(shared, inputs, { signal: stop.signal }));
  })().catch(() => {});
  while ((await client.keys("bull:*:wait")).length === 0) await after(100);
  const [list] = await client.keys("bull:*:wait");
  while ((await client.llen(list)) < JOBS) await after(100);
  const { memory } = await cost();
  stop.abort();
  await asked;
  await executor.release();
  await client.flushall();
  return (memory - from.memory) / JOBS;
}

/** What happens in a minute. */
async function minute(): Promise<Cost> {
  const from = await cost();
  await after(MINUTE);
  return less(await cost(), from);
}

function less(a: Cost, b: Cost): Cost {
  const { commands, received, sent, seconds, memory } = b;
  return {
    commands: a.commands - commands,
    received: a.received - received,
    sent: a.sent - sent,
    seconds: a.seconds - seconds,
    memory: a.memory - memory,
  };
}

const memory = await waiting();
const alone = await minute();
const end = start(WORKERS);
await all(100, 0);
const before = await cost();
await all(JOBS, 1000);
const work = less(await cost(), before);
const idle = less(await minute(), alone);
await end();
client.disconnect();
await redis.end();

const table = new Table({ head: ["", "each"], colAligns: ["left", "right"] });
const perJob = (name: keyof Cost) => work[name] / JOBS;
const perIdle = (name: keyof Cost) => (1000 * idle[name]) / WORKERS / MINUTE;
table.push(
  ["commands of Redis, a job", perJob("commands").toFixed(1)],
  ["bytes to Redis, a job", perJob("received").toFixed(0)],
  ["bytes from Redis, a job", perJob("sent").toFixed(0)],
  ["processor time of Redis, a job", `${(1e6 * perJob("seconds")).toFixed(0)} µs`],
  ["memory of Redis, a job that waits", `${memory.toFixed(0)} bytes`],
  ["commands of Redis, an idle worker and second", perIdle("commands").toFixed(2)],
  ["processor time of Redis, an idle worker and second", `${(1e6 * perIdle("seconds")).toFixed(0)} µs`],
);
process.stdout.write(`${table.toString()}\n`);
