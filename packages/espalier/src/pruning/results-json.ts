import { z } from "zod";
import type { EpochResult } from "../training/train.ts";
import type { RoundResult } from "./round.ts";

/*
 * Files call the measure on the validation split `validationError`, whatever it is: so they have done since all networks
 * were classifiers, and files of that time are still read.
 */

const epoch = z
  .object({
    epoch: z.number(),
    loss: z.number(),
    validationError: z.number(),
    validationLoss: z.number(),
    learningRate: z.number(),
  })
  .transform(({ validationError: validation, ...result }): EpochResult => ({ ...result, validation }));

/** Epochs as JSON holds them. */
export const storedEpochs = z.array(epoch);

/** The results of rounds as JSON holds them. */
export const storedResults = z.array(
  z
    .object({
      name: z.string(),
      density: z.number(),
      prunedError: z.number().optional(),
      bestEpoch: z.number(),
      validationError: z.number(),
      layers: z.record(z.string(), z.number()),
      verdict: z.object({ accepted: z.boolean(), best: z.boolean() }),
      epochs: storedEpochs,
    })
    .transform(
      ({ prunedError: pruned, validationError: validation, ...result }): RoundResult => ({
        ...result,
        pruned,
        validation,
      }),
    ),
);

/** What {@link storedEpochs} reads. */
export function storeEpochs(epochs: readonly EpochResult[]): z.input<typeof storedEpochs> {
  return epochs.map(({ epoch, loss, validation: validationError, validationLoss, learningRate }) => {
    return { epoch, loss, validationError, validationLoss, learningRate };
  });
}

/** What {@link storedResults} reads. */
export function storeResults(results: readonly RoundResult[]): z.input<typeof storedResults> {
  return results.map(({ name, density, layers, pruned, bestEpoch, validation, epochs, verdict }) => ({
    name,
    density,
    layers: { ...layers },
    prunedError: pruned,
    bestEpoch,
    validationError: validation,
    epochs: storeEpochs(epochs),
    verdict,
  }));
}
