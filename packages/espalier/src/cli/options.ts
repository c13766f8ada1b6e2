import { availableParallelism } from "node:os";
import type { Executor } from "../engine/executor.ts";
import { nodeEngine } from "../engine/node.ts";
import { UserError } from "../errors.ts";
import { localExecutor } from "../jobs/local.ts";
import { stepsExecutor } from "../jobs/steps-executor.ts";
import type { engineOptions } from "../library/options/engine.ts";
import type { Values } from "../library/options/option.ts";
import { note } from "./print.ts";

/** The engine that the options ask for. */
export function engineOf({ device, threads }: Values<typeof engineOptions>) {
  return nodeEngine({ device, threads, warn: (sentence) => note(`espalier: ${sentence}`) });
}

/**
 * The same for shards where there are any. A shard is computed on one thread unless the options say otherwise: whatever
 * the number of cores, the bytes are then the same.
 */
export function shardEngineOf(options: ShardPlaces) {
  return engineOf(options.shards === undefined ? options : { ...options, threads: threadsOf(options) });
}

/**
 * Does work that trains on shards with workers for them; without where there are no shards, or they are trained in turn.
 * @throws UserError for a number of jobs where there are no shards
 */
export async function withShards<Result>(
  options: ShardPlaces,
  work: (executor?: Executor) => Promise<Result>,
): Promise<Result> {
  const { shards, jobs } = options;
  if (shards === undefined) {
    if (jobs !== undefined) throw new UserError("--jobs is about training on shards: give --shards too.");
    return work();
  }
  const usual = Math.max(1, Math.floor(availableParallelism() / threadsOf(options)));
  const workers = Math.min(shards, jobs ?? usual);
  if (workers === 1) return work();
  const executor = stepsExecutor({ workers });
  try {
    return await work(executor);
  } finally {
    await executor.release();
  }
}

type ShardPlaces = Values<typeof engineOptions> & { readonly shards?: number; readonly jobs?: number };

const threadsOf = ({ threads = 1 }: ShardPlaces) => threads;

/** Does work with workers beside it, as many as an engine has threads; none is started before there is work for it. */
export async function withWorkers<Result>(
  { threads }: Values<typeof engineOptions>,
  work: (executor: Executor) => Promise<Result>,
): Promise<Result> {
  const executor = localExecutor({ workers: threads, kind: "thread" });
  try {
    return await work(executor);
  } finally {
    await executor.release();
  }
}
