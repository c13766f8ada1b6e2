import type { Split } from "../data/dataset.ts";
import { checkPercent } from "../tasks/fidelity/percent.ts";
import type { Task } from "../tasks/task.ts";
import { type Agreement, agreementOn, scoresOn } from "./agreement.ts";
import type { Evaluator } from "./evaluate.ts";

/**
 * Makes ready to tell how far the network of an evaluator is, with whatever parameters it then has, from what it is now.
 * @param imitation the task of imitation, which has the outputs as they were for targets: what agrees is its fidelity, and
 *   the loss to be expected is what is missing of it; default: the first output is class scores
 * @throws UserError where the measure is not in percent
 */
export async function likenessOn(
  evaluator: Evaluator,
  split: Split,
  imitation: Pick<Task, "measure"> | undefined,
  signal?: AbortSignal,
): Promise<() => Promise<Agreement>> {
  if (!imitation) {
    const reference = await scoresOn(evaluator, split, signal);
    return () => agreementOn(evaluator, split, reference, signal);
  }
  checkPercent(imitation.measure);
  return async () => {
    const { loss, samples, value, figures } = await evaluator.evaluate(split, signal);
    const fidelity = figures.fidelity ?? value;
    return {
      samples,
      agreement: fidelity,
      divergence: loss,
      expectedLoss: 100 - fidelity,
      measure: imitation.measure.name,
    };
  };
}
