import { z } from "zod";
import { option } from "./option.ts";
import { RATE_EPOCHS, shareOptions } from "./sharing.ts";
import { taskOptions } from "./task.ts";
import { epochs, trainingOptions } from "./training.ts";

/** Whether to train a network for its code. */
export const trainRate = option(z.boolean().optional(), {
  group: "Sharing:",
  help: "train the weights for the bits that they take: as far as --max-loss allows in the task's measure, or at the price --lambda of a bit (needs --data)",
});

/** How samples change while a network is trained for its code. */
export const rateTrainingOptions = {
  shift: trainingOptions.shift,
  flip: trainingOptions.flip,
};

/** The options of a training for the rate. */
export const shareByRateOptions = {
  ...taskOptions,
  maxLoss: shareOptions.maxLoss,
  lambda: shareOptions.lambda,
  epochs: epochs(`epochs at each price of a bit (default: ${RATE_EPOCHS})`),
  learningRate: shareOptions.learningRate,
  batch: shareOptions.batch,
  seed: shareOptions.seed,
  distill: shareOptions.distill,
  ...rateTrainingOptions,
};
