import type { BitCoder } from "./bit-coder.ts";
import { squash, stretched } from "./logistic.ts";

export interface MixerOptions {
  /** How many contexts each input has. */
  readonly contexts: readonly number[];
  /** How many sets of weights there are to choose from; default 1. */
  readonly sets?: number;
  /** The step of the weights at least; they begin at 0.02. */
  readonly step: number;
  /** How many decisions the first guess of a cell weighs. */
  readonly inertia: number;
  /** A cell that has seen so many decisions moves no slower any more; default 1023. */
  readonly limit?: number;
}

/**
 * Predicts a decision from several contexts at once, and learns from each.
 *
 * Every input looks its context up in cells of its own, each a probability that follows the decisions seen there. The
 * predictions are mixed in the logistic domain, p = squash(sum of w stretch(p)), and the weights w follow the gradient
 * of the coding cost (Mahoney, "Adaptive Weighing of Context Models for Lossless Data Compression", 2005). A cell that
 * has seen nothing yet says what the first input says.
 */
export class Mixer {
  /** The context of each input, to be set before each decision. */
  readonly at: Int32Array;
  readonly #first: Int32Array;
  readonly #probability: Float32Array;
  readonly #seen: Uint16Array;
  readonly #rates: Float64Array;
  readonly #weights: Float64Array;
  readonly #uses: Uint32Array;
  readonly #step: number;
  readonly #inputs: Int16Array;

  constructor({ contexts, sets = 1, step, inertia, limit = 1023 }: MixerOptions) {
    const inputs = contexts.length;
    let cells = 0;
    this.at = new Int32Array(inputs);
    this.#first = Int32Array.from(contexts, (count) => {
      cells += count;
      return cells - count;
    });
    this.#probability = new Float32Array(cells);
    this.#seen = new Uint16Array(cells);
    this.#rates = Float64Array.from({ length: limit + 1 }, (_, seen) => 1 / (seen + inertia + 1));
    this.#weights = new Float64Array(sets * inputs).fill(1 / inputs);
    this.#uses = new Uint32Array(sets);
    this.#step = step;
    this.#inputs = new Int16Array(inputs);
  }

  /**
   * Codes a decision in the contexts `at`.
   * @param prior the probability of 1 that a new cell of the first input begins with
   */
  code(coder: BitCoder, bit: number, prior = 0.5, set = 0): number {
    const { at } = this;
    const probability = this.#probability;
    const seen = this.#seen;
    const weights = this.#weights;
    const inputs = this.#inputs;
    const first = this.#first;
    const base = set * inputs.length;
    let sum = 0;
    for (let j = 0; j < inputs.length; j++) {
      const cell = first[j] + at[j];
      if (seen[cell] === 0) probability[cell] = j === 0 ? prior : probability[at[0]];
      const x = stretched[(probability[cell] * 4096) | 0];
      inputs[j] = x;
      sum += weights[base + j] * x;
    }
    const one = squash(sum);
    const coded = coder.code(bit, one);
    const uses = this.#uses[set]++;
    const limit = this.#rates.length - 1;
    const error = ((coded - one / 65536) * Math.max(this.#step, 0.02 / (1 + uses / 100))) / 256;
    for (let j = 0; j < inputs.length; j++) {
      const cell = first[j] + at[j];
      weights[base + j] += error * inputs[j];
      const count = seen[cell];
      probability[cell] += (coded - probability[cell]) * this.#rates[count];
      if (count < limit) seen[cell] = count + 1;
    }
    return coded;
  }

  /**
   * Codes a symbol of so many bits as a walk down a binary tree, the high bits first, and returns it.
   * @param contexts chooses each input's tree, of 2^bits cells
   */
  codeSymbol(coder: BitCoder, symbol: number, bits: number, contexts: ArrayLike<number>, set = 0): number {
    let node = 1;
    for (let level = bits - 1; level >= 0; level--) {
      for (let j = 0; j < contexts.length; j++) this.at[j] = (contexts[j] << bits) + node;
      node = 2 * node + this.code(coder, (symbol >>> level) & 1, 0.5, set);
    }
    return node - (1 << bits);
  }
}
