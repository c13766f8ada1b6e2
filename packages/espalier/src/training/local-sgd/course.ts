import { schedule } from "../schedule.ts";
import type { ShardedOptions } from "./options.ts";

/** How far shards are in an epoch, in steps of each of them. */
interface Place {
  readonly epoch: number;
  readonly from: number;
  /** In an epoch. */
  readonly each: number;
}

/**
 * The learning rates of the next round. As far as the schedule goes, a step of each shard is as many steps as there are
 * shards: it follows the samples that were seen.
 */
export function ratesOf({ local, course }: ShardedOptions, { epoch, from, each }: Place): number[] {
  const rateAt = schedule(course.learningRate);
  return Array.from({ length: Math.min(local.localSteps, each - from) }, (_, i) => {
    const at = from + i;
    const iteration = local.shards * (epoch * each + at);
    return rateAt({ iteration, epoch: epoch + at / each, epochs: course.epochs });
  });
}

/** The steps of each shard, of all epochs, after which a round begins for which masks change a last time. */
export function lastChange({ local, course: { pacing, epochs } }: ShardedOptions, each: number): number {
  if (!pacing) return 0;
  const last = Math.floor(Math.min(pacing.until * epochs, epochs - 1) * each);
  const inEpoch = last % each;
  return last - inEpoch + Math.floor(inEpoch / local.localSteps) * local.localSteps;
}
