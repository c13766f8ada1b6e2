import type { JudgedBatch, Measure, Measured, Tally } from "../measure.ts";
import { scoresOf } from "../scores.ts";

/** How many of the highest scores top5 looks at. */
const FEW = 5;

/** Labels whose class has not the highest score, of all, in percent: 100 - top 1 accuracy. */
export const error: Measure = {
  name: "error",
  unit: "%",
  better: "lower",
  tally: () => new ErrorTally(),
  chance: (value, { samples }) => binomialChance(value, samples),
};

/** The standard error of the difference of two rates in percent: sqrt(2 p (1 - p) / n), each binomial. */
export function binomialChance(percent: number, samples: number): number {
  const p = Math.min(0.5, percent / 100);
  return 100 * Math.sqrt((2 * p * (1 - p)) / samples);
}

/** Counts how often the right class has the highest score, and is among the five highest. */
export class ErrorTally implements Tally<Measured> {
  #labels = 0;
  #top1 = 0;
  #top5 = 0;

  add(batch: JudgedBatch): void {
    for (const { scores, label } of scoresOf(batch)) this.#count(scores, label);
  }

  #count(scores: Float32Array, label: number): void {
    const own = scores[label];
    let higher = 0;
    let largest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < scores.length; c++) {
      if (scores[c] > own || (scores[c] === own && c < label)) higher++;
      if (scores[c] > largest) largest = scores[c];
    }
    this.#labels++;
    // A score that is not a number is above nothing and must not count as right.
    if (higher === 0 && own === largest) this.#top1++;
    if (higher < FEW && !Number.isNaN(own)) this.#top5++;
  }

  result(): Measured {
    const percent = (count: number) => (100 * count) / this.#labels;
    const value = percent(this.#labels - this.#top1);
    return { value, figures: { top1: percent(this.#top1), top5: percent(this.#top5), error: value } };
  }
}
