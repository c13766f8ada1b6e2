import type { LearningData } from "../../data/dataset.ts";
import { isSequence } from "../../data/streams.ts";
import type { Executor } from "../../engine/executor.ts";
import { UserError } from "../../errors.ts";
import { tooLarge } from "../check-data.ts";
import type { EpochsOptions } from "../train.ts";
import type { TrainingStepOptions } from "../training-step.ts";
import type { OuterStep } from "./outer-step.ts";

/** How a network is trained on shards of the data. */
export interface LocalSgd {
  /** Parts of the training samples, each of which has steps of its own. */
  readonly shards: number;
  /** Steps that each shard takes before the mean is taken. */
  readonly localSteps: number;
  /** What becomes of the mean; default: it is what comes next. */
  readonly outer?: OuterStep;
  /** Where steps are done, if it has an exchange; default: here. */
  readonly executor?: Executor;
  /** Bytes of samples that workers keep from round to round; of more, each round is given its own; default: 1 GB. */
  readonly kept?: number;
}

/** @throws UserError for samples that cannot be divided into so many shards */
export function checkShards(data: LearningData, shards: number, batch: number): void {
  if (isSequence(data.train)) {
    throw new UserError(
      `The samples of ${data.name} follow each other, and a state goes from each to the next: train on all of them, without shards.`,
    );
  }
  const least = Math.floor(data.train.size / shards);
  if (least < batch) throw tooLarge(batch, least, data, shards);
}

/** What a learner on shards is made of: how a step learns, and how steps follow each other. */
export interface ShardedOptions {
  readonly trainer: TrainingStepOptions;
  readonly course: EpochsOptions;
  readonly local: LocalSgd;
}
