import type { Job as Entry } from "bullmq";
import { readAddress } from "./address.ts";
import { Bench, type BenchOptions } from "./bench.ts";
import { connect, farewell, queuePackages } from "./connection.ts";
import { queueName, stopChannel } from "./kind.ts";

/** Whose jobs are done, and how. */
export interface ServeOptions extends BenchOptions {
  readonly address: string;
  /** Seconds after which the jobs of a worker that is no longer heard of go to others; default 30. */
  readonly lock?: number;
  /** Seconds for which a queue that was lost is tried again; default 600. */
  readonly patience?: number;
  /** Is told in a sentence when the queue is lost, and when it is there again. */
  readonly warn?: (sentence: string) => void;
  /** Is told that the queue is there, and jobs are taken from now on. */
  readonly onReady?: () => void;
}

/** How often a job may be lost with its worker before it is held to be what ends them. */
const LOSSES = 12;

/**
 * Does the jobs of a queue until the signal ends it. What runs them are processes beside this one, which thus always has
 * time to say that it is there.
 * @throws UserError where there is no queue, it refuses, or it was lost for too long
 */
export async function serve(options: ServeOptions): Promise<void> {
  const { kind, jobs, lock = 30, patience = 600, signal, warn = () => {}, onReady = () => {} } = options;
  const { Worker, WaitingError } = await queuePackages();
  const connection = await connect({ address: readAddress(options.address), patience: 1000 * patience, warn });
  onReady();
  const bench = new Bench(options);
  const work = async (entry: Entry, token: string | undefined) => {
    const done = await bench.do(entry);
    if (done) return done.output;
    // Where its lock was lost, another has it already.
    await entry.moveToWait(token).catch(() => {});
    throw new WaitingError();
  };
  const worker = new Worker(queueName(kind), work, {
    connection: connection.redis,
    concurrency: jobs,
    lockDuration: 1000 * lock,
    stalledInterval: 500 * lock,
    maxStalledCount: LOSSES,
    runRetryDelay: 1000,
  });
  // What goes wrong with the connection is told by itself; that a job is done by another too is no fault.
  worker.on("error", () => {});
  const ear = connection.redis.duplicate();
  ear.on("error", () => {});
  ear.on("message", (_, id) => bench.stop(id));
  try {
    const end = AbortSignal.any([signal, connection.lost]);
    await Promise.race([ear.subscribe(stopChannel(kind)), ended(end)]);
    await ended(end);
    await farewell(connection, worker.close());
    if (!signal.aborted) throw connection.lost.reason;
  } finally {
    ear.disconnect();
    await bench.release();
    connection.close();
  }
}

function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
