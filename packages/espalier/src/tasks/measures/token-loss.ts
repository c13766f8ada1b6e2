import type { Split } from "../../data/dataset.ts";
import { CrossEntropyTally } from "../cross-entropy.ts";
import type { JudgedBatch, Measure, Measured, Tally } from "../measure.ts";
import type { MeanLoss } from "../task.ts";
import { ErrorTally } from "./error.ts";

/** The cross-entropy of all tokens in bits, by the characters that they stand for. */
export const bitsPerCharacter: Measure = {
  name: "bits-per-character",
  unit: "bits",
  better: "lower",
  tally: ({ stream }: Split) =>
    new TokenTally(
      ({ loss, samples }) => (loss * samples) / (Math.LN2 * (stream?.characters ?? samples)),
      "bitsPerCharacter",
    ),
};

/** The mean cross-entropy of a token. */
export const lossPerToken: Measure = {
  name: "loss-per-token",
  unit: "nats",
  better: "lower",
  tally: () => new TokenTally(({ loss }) => loss, "lossPerToken"),
};

/** The loss of tokens in some unit, beside their perplexity and how often the first guess is right. */
class TokenTally implements Tally<Measured> {
  readonly #guesses = new ErrorTally();
  readonly #losses = new CrossEntropyTally();
  readonly #inUnit: (mean: MeanLoss) => number;
  readonly #field: string;

  /** @param field the JSON field of the value */
  constructor(inUnit: (mean: MeanLoss) => number, field: string) {
    this.#inUnit = inUnit;
    this.#field = field;
  }

  add(batch: JudgedBatch): void {
    this.#guesses.add(batch);
    this.#losses.add(batch);
  }

  result(): Measured {
    const mean = this.#losses.result();
    const value = this.#inUnit(mean);
    const { figures } = this.#guesses.result();
    // e to the mean cross-entropy of a token.
    return { value, figures: { ...figures, [this.#field]: value, perplexity: Math.exp(mean.loss) } };
  }
}
