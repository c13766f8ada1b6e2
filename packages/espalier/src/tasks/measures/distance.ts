import type { JudgedBatch, Measure, Measured, Tally } from "../measure.ts";
import { rowsOf } from "../rows.ts";

/** The mean of (y - t)^2 over all values. */
export const meanSquaredErrorMeasure = distance("mean-squared-error", "meanSquaredError", (e) => e * e);

/** The mean of |y - t| over all values. */
export const meanAbsoluteErrorMeasure = distance("mean-absolute-error", "meanAbsoluteError", Math.abs);

/** A measure of how far values are from their targets, in the targets' own unit or its square. */
function distance(name: string, field: string, of: (difference: number) => number): Measure {
  return {
    name,
    unit: "",
    better: "lower",
    tally: () => new DistanceTally(field, of),
    // sqrt(2 / n) times the standard deviation of the samples: networks of one quality err on the same samples.
    chance: (_, { samples, figures: { deviation } }) => deviation * Math.sqrt(2 / samples),
  };
}

class DistanceTally implements Tally<Measured> {
  readonly #field: string;
  readonly #of: (difference: number) => number;
  #samples = 0;
  #sum = 0;
  #squares = 0;

  constructor(field: string, of: (difference: number) => number) {
    this.#field = field;
    this.#of = of;
  }

  add(batch: JudgedBatch): void {
    for (const { output, target } of rowsOf(batch)) {
      let sum = 0;
      for (let i = 0; i < output.length; i++) sum += this.#of(output[i] - target[i]);
      const mean = sum / output.length;
      this.#samples++;
      this.#sum += mean;
      this.#squares += mean * mean;
    }
  }

  result(): Measured {
    const value = this.#sum / this.#samples;
    const deviation = Math.sqrt(Math.max(0, this.#squares / this.#samples - value * value));
    return { value, figures: { [this.#field]: value, deviation } };
  }
}
