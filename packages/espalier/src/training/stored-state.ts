import { z } from "zod";
import type { EpochResult, EpochsState } from "./epochs.ts";
import type { Parameters } from "./parameters.ts";

/*
 * Files call the measure on the validation split `validationError`, whatever it is: so they have done since all networks
 * were classifiers, and files of that time are still read.
 */

/** What steps and epochs are counted by: from anything else a training would go on without end. */
const count = z.int().nonnegative();

const epoch = z
  .object({
    epoch: count,
    loss: z.number(),
    validationError: z.number(),
    validationLoss: z.number(),
    learningRate: z.number(),
  })
  .transform(({ validationError: validation, ...result }): EpochResult => ({ ...result, validation }));

/** Epochs as JSON holds them. */
export const storedEpochs = z.array(epoch);

/** What {@link storedEpochs} reads. */
export function storeEpochs(epochs: readonly EpochResult[]): z.input<typeof storedEpochs> {
  return epochs.map(({ epoch, loss, validation: validationError, validationLoss, learningRate }) => {
    return { epoch, loss, validationError, validationLoss, learningRate };
  });
}

/** A training that can be continued, as JSON holds it beside its tensors. */
export const storedTraining = z.object({
  iteration: count,
  step: count,
  lossSum: z.number(),
  history: storedEpochs,
  best: z.object({ epoch: count, validationError: z.number(), validationLoss: z.number() }).optional(),
});

/**
 * What {@link restoreTraining} reads.
 * @param put keeps tensors under a prefix
 */
export function storeTraining(
  { trainer, step, lossSum, history, best }: EpochsState,
  put: (prefix: string, parameters: Parameters) => void,
): z.input<typeof storedTraining> {
  put("parameter", trainer.parameters);
  put("statistic", trainer.statistics);
  put("slot", trainer.slots);
  put("mask", trainer.masks);
  if (best) put("best", best.parameters);
  return {
    iteration: trainer.iteration,
    step,
    lossSum,
    history: storeEpochs(history),
    best: best && { epoch: best.epoch, validationError: best.validation, validationLoss: best.validationLoss },
  };
}

/** The training that {@link storeTraining} kept. */
export function restoreTraining(
  { iteration, step, lossSum, history, best }: z.output<typeof storedTraining>,
  take: (prefix: string) => Parameters,
): EpochsState {
  const trainer = {
    iteration,
    parameters: take("parameter"),
    statistics: take("statistic"),
    slots: take("slot"),
    masks: take("mask"),
  };
  if (!best) return { trainer, step, lossSum, history };
  const { epoch, validationError: validation, validationLoss } = best;
  return { trainer, step, lossSum, history, best: { epoch, validation, validationLoss, parameters: take("best") } };
}
