import type { JudgedBatch, Measure, Measured, Tally } from "../measure.ts";
import { rowsOf } from "../rows.ts";
import { binomialChance } from "./error.ts";

/** Labels of 0 or 1 on whose other side the score before its Sigmoid is, of all labels of all samples, in percent. */
export const labelError: Measure = {
  name: "label-error",
  unit: "%",
  better: "lower",
  tally: () => new LabelErrorTally(),
  chance: (limit, { samples }) => binomialChance(limit, samples),
};

class LabelErrorTally implements Tally<Measured> {
  #labels = 0;
  #wrong = 0;

  add(batch: JudgedBatch): void {
    for (const { output, target } of rowsOf(batch)) {
      this.#labels += output.length;
      // Written so that a score that is not a number is wrong.
      for (let i = 0; i < output.length; i++) if (!(target[i] > 0.5 ? output[i] > 0 : output[i] <= 0)) this.#wrong++;
    }
  }

  result(): Measured {
    const value = (100 * this.#wrong) / this.#labels;
    return { value, figures: { labelError: value } };
  }
}
