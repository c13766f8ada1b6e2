import type { BitCoder } from "./bit-coder.ts";
import { squash } from "./logistic.ts";

/** One input of a model: what it may be in, and how much each of its effects is likely to be. */
export interface Kind {
  /** How many contexts it has, where these are the same in every tensor: its effects are then remembered for the next. */
  readonly contexts?: number;
  /** What its effects are taken for before anything is known, and how uncertain that is: a variance. */
  readonly mean?: number;
  readonly variance: number;
}

/** No effect is ever more certain than this: what is far away tells less. */
const LEAST = 1 / 4096;

/**
 * Predicts a decision by the sum of effects on its log-odds, one for each input by the context in which it is, times how
 * strong the input is.
 *
 * What is known of an effect is a mean and a variance, and each decision moves all that took part, the uncertain ones most:
 * a Kalman filter of logistic regression, whose covariances are left out (Herbrich et al., AdPredictor, ICML 2010). So the
 * first few numbers of a layer teach as much as they can, which a layer of few numbers needs.
 */
export class Effects {
  readonly #kinds: readonly Kind[];
  readonly #means: Float64Array[];
  readonly #variances: Float64Array[];
  readonly #at: Int32Array;
  readonly #strengths: Float64Array;

  constructor(kinds: readonly Kind[]) {
    this.#kinds = kinds;
    this.#means = kinds.map(({ contexts = 0, mean = 0 }) => new Float64Array(contexts).fill(mean));
    this.#variances = kinds.map(({ contexts = 0, variance }) => new Float64Array(contexts).fill(variance));
    this.#at = new Int32Array(kinds.length);
    this.#strengths = new Float64Array(kinds.length).fill(1);
  }

  /**
   * Goes on to another tensor, of which effects that are remembered are as uncertain as at first: tensors differ.
   * @param contexts how many there are of each input that remembers none
   */
  begin(contexts: readonly number[]): void {
    let own = 0;
    this.#kinds.forEach(({ contexts: remembered, mean = 0, variance }, i) => {
      if (remembered === undefined) {
        const count = contexts[own++];
        this.#means[i] = new Float64Array(count).fill(mean);
        this.#variances[i] = new Float64Array(count).fill(variance);
        return;
      }
      this.#variances[i].fill(variance);
    });
  }

  /** Sets the context of an input, and how strong it is. */
  select(input: number, context: number, strength = 1): void {
    this.#at[input] = context;
    this.#strengths[input] = strength;
  }

  /** Codes a decision. @param offset log-odds that are known @param node is added to every context */
  code(coder: BitCoder, bit: number, offset = 0, node = 0): number {
    const { length } = this.#kinds;
    let sum = offset;
    let spread = 0;
    for (let i = 0; i < length; i++) {
      const at = this.#at[i] + node;
      const strength = this.#strengths[i];
      sum += this.#means[i][at] * strength;
      spread += this.#variances[i][at] * strength * strength;
    }
    const one = squash(Math.floor(Math.max(-20, Math.min(20, sum)) * 256 + 0.5));
    const coded = coder.code(bit, one);
    const p = one / 65536;
    const certainty = p * (1 - p);
    const gain = 1 / (1 + certainty * spread);
    const error = (coded - p) * gain;
    const shrink = certainty * gain;
    for (let i = 0; i < length; i++) {
      const at = this.#at[i] + node;
      const strength = this.#strengths[i];
      const move = this.#variances[i][at] * strength;
      this.#means[i][at] += move * error;
      this.#variances[i][at] = Math.max(LEAST, this.#variances[i][at] - move * move * shrink);
    }
    return coded;
  }
}
