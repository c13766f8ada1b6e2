import { isSequence } from "../data/streams.ts";
import type { Engine } from "../engine/engine.ts";
import { taskFor } from "../tasks/index.ts";
import { type EpochsResult, goThroughEpochs } from "./epochs.ts";
import { Evaluator } from "./evaluate.ts";
import type { Learning } from "./frozen-prefix.ts";
import { ShardedLearner } from "./local-sgd/learner.ts";
import type { LocalSgd } from "./local-sgd/options.ts";
import { learnedTensors } from "./parameters.ts";
import { type EpochsOptions, runEpochs } from "./train.ts";
import { Trainer, type TrainerOptions } from "./trainer.ts";

/**
 * Trains, judged by an evaluator of the same network where there is one already.
 * @param local how to train on shards of the data; default: all in one go
 */
export async function learn(
  engine: Engine,
  { model, data }: Pick<Learning, "model" | "data">,
  evaluator: Evaluator | undefined,
  trainerOptions: TrainerOptions,
  options: EpochsOptions,
  local?: LocalSgd,
): Promise<EpochsResult> {
  const { task = taskFor(data) } = trainerOptions;
  const judge = evaluator ?? (await Evaluator.create(engine, model, data, learnedTensors(model), { task }));
  try {
    if (local) {
      const sharded = { trainer: { ...trainerOptions, task }, course: options, local };
      const learner = await ShardedLearner.create(engine, model, data, sharded);
      return await goThroughEpochs(learner, judge, data, options).finally(() => learner.release());
    }
    const trainer = await Trainer.create(engine, model, { ...trainerOptions, task, sequence: isSequence(data.train) });
    return await runEpochs(trainer, judge, data, options).finally(() => trainer.release());
  } finally {
    if (!evaluator) await judge.release();
  }
}
