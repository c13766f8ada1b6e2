import { isSequence } from "../data/streams.ts";
import type { Engine } from "../engine/engine.ts";
import { taskFor } from "../tasks/index.ts";
import type { EpochsResult } from "./epochs.ts";
import { Evaluator } from "./evaluate.ts";
import type { Learning } from "./frozen-prefix.ts";
import { learnedTensors } from "./parameters.ts";
import { type EpochsOptions, runEpochs } from "./train.ts";
import { Trainer, type TrainerOptions } from "./trainer.ts";

/** Trains, judged by an evaluator of the same network where there is one already. */
export async function learn(
  engine: Engine,
  { model, data }: Pick<Learning, "model" | "data">,
  evaluator: Evaluator | undefined,
  trainerOptions: TrainerOptions,
  options: EpochsOptions,
): Promise<EpochsResult> {
  const { task = taskFor(data) } = trainerOptions;
  const judge = evaluator ?? (await Evaluator.create(engine, model, data, learnedTensors(model), { task }));
  const trainer = await Trainer.create(engine, model, { ...trainerOptions, task, sequence: isSequence(data.train) });
  try {
    return await runEpochs(trainer, judge, data, options);
  } finally {
    await trainer.release();
    if (!evaluator) await judge.release();
  }
}
