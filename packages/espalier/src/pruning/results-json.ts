import { z } from "zod";
import { storedEpochs, storeEpochs } from "../training/stored-state.ts";
import type { RoundResult } from "./round.ts";

/** The results of rounds as JSON holds them, under the names that `stored-state.ts` of the training explains. */
export const storedResults = z.array(
  z
    .object({
      name: z.string(),
      density: z.number(),
      prunedError: z.number().optional(),
      bestEpoch: z.int().nonnegative(),
      validationError: z.number(),
      layers: z.record(z.string(), z.number()),
      verdict: z.object({ accepted: z.boolean(), best: z.boolean(), within: z.boolean().optional() }),
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
