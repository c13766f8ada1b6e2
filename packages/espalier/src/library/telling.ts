import { UserError } from "../errors.ts";
import { BEYOND } from "../tasks/remark.ts";
import type { EvaluateAgainstResult } from "./comparison.ts";

/**
 * Checks that what is found says something of a network.
 * @throws UserError where the samples have nothing to compare
 */
export function checkTelling(
  { samples, standardError, measure, outputs }: EvaluateAgainstResult,
  maxLoss: number,
  note: (text: string) => void,
): void {
  if (outputs.every(({ counts, empty }) => empty || !counts)) {
    throw new UserError(
      `In none of the ${samples} validation samples does ${measure.name} find anything to compare, so that any network would do: give others, or another measure.`,
    );
  }
  if (standardError > maxLoss && maxLoss > 0) {
    note(
      `${samples} validation samples tell fidelity to ±${standardError.toFixed(1)} points: ${maxLoss} points are less than chance; give more samples.`,
    );
  }
}

/** Says that a network chosen on the validation split loses more on the test split than chance explains. */
export function noteBeyond(
  { fidelity, standardError }: EvaluateAgainstResult,
  maxLoss: number,
  note: (text: string) => void,
): void {
  if (fidelity + BEYOND * standardError < 100 - maxLoss) {
    note(
      `On the test split the loss is ${(100 - fidelity).toFixed(2)} points, beyond the limit of ${maxLoss} by more than chance: validation samples are too few, or too much alike, to choose by; give more.`,
    );
  }
}
