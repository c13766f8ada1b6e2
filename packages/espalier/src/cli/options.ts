import { availableParallelism } from "node:os";
import type { Executor } from "../engine/executor.ts";
import { nodeEngine } from "../engine/node.ts";
import { UserError } from "../errors.ts";
import { localExecutor } from "../jobs/local.ts";
import { queueStepsExecutor } from "../jobs/queue/steps.ts";
import { stepsExecutor } from "../jobs/steps-executor.ts";
import type { engineOptions } from "../library/options/engine.ts";
import type { Values } from "../library/options/option.ts";
import type { shardPlaceOptions } from "../library/options/shards.ts";
import { checkNoJobs, queueAddress } from "./executor-for.ts";
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
 * @throws UserError for a number of jobs or a queue where there are no shards, and for both at once
 */
export async function withShards<Result>(
  options: ShardPlaces,
  work: (executor?: Executor) => Promise<Result>,
): Promise<Result> {
  const executor = await shardExecutor(options);
  if (!executor) return work();
  try {
    return await work(executor);
  } finally {
    await executor.release();
  }
}

type ShardPlaces = Values<typeof engineOptions> &
  Values<typeof shardPlaceOptions> & {
    readonly shards?: number;
  };

async function shardExecutor(options: ShardPlaces): Promise<Executor | undefined> {
  const { shards, jobs, queue, store, device } = options;
  if (shards === undefined) {
    const [idle] = Object.entries({ jobs, queue, store }).flatMap(([name, value]) => (value === undefined ? [] : name));
    if (idle === undefined) return undefined;
    throw new UserError(`--${idle} is about training on shards: give --shards too.`);
  }
  if (queue === undefined) {
    if (store !== undefined) throw new UserError("--store is what the workers of a queue share: give --queue too.");
    const usual = Math.max(1, Math.floor(availableParallelism() / threadsOf(options)));
    const workers = Math.min(shards, jobs ?? usual);
    return workers === 1 ? undefined : stepsExecutor({ workers });
  }
  checkNoJobs(jobs);
  if (store === undefined) {
    throw new UserError("The workers of a queue find states and samples in their store: give it as --store too.");
  }
  if (device !== "cpu") throw new UserError(`The workers of a queue train on the CPU: leave out --device ${device}.`);
  return queueStepsExecutor({ address: queueAddress(queue), store, warn: note });
}

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
