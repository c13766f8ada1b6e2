import type { Head } from "../../adoption/heads.ts";
import { logSoftmax } from "./probabilities.ts";

/** A spread below these parts of a size is that of a constant, and no unit to measure in. */
const LEAST_PART = 1e-3;
const LEAST_NATS = 1e-3;

/**
 * How much an output says: how far it is, in the mean, from its own mean, by the divergence in which losses of it are
 * counted. A loss in these units is 1 for a network that always says the mean.
 */
export class Spread {
  readonly #head: Head;
  #samples = 0;
  #positions = 0;
  /** Of values their sums by place; of distributions those of their probabilities. */
  #sums = new Float64Array(0);
  /** Of values their squares, of distributions sum_c p log p. */
  #squares = 0;

  constructor(head: Head) {
    this.#head = head;
  }

  /** Counts a sample's output, before the Softmax or Sigmoid at its end. */
  add(values: Float32Array): void {
    const { kind, classes, inner } = this.#head;
    this.#samples++;
    if (kind === "softmax" || kind === "log-softmax") {
      if (this.#sums.length === 0) this.#sums = new Float64Array(classes);
      const logs = logSoftmax(values, this.#head);
      for (let i = 0; i < logs.length; i++) {
        const p = Math.exp(logs[i]);
        this.#sums[Math.floor(i / inner) % classes] += p;
        if (p > 0) this.#squares += p * logs[i];
      }
      this.#positions += logs.length / classes;
    } else if (kind === "sigmoid") {
      if (this.#sums.length === 0) this.#sums = new Float64Array(2);
      for (const z of values) {
        const p = 1 / (1 + Math.exp(-z));
        this.#sums[0] += p;
        this.#sums[1] += 1 - p;
        this.#squares -= entropyOf(p) + entropyOf(1 - p);
      }
      this.#positions += values.length;
    } else {
      if (this.#sums.length === 0) this.#sums = new Float64Array(values.length);
      for (let i = 0; i < values.length; i++) {
        this.#sums[i] += values[i];
        this.#squares += values[i] * values[i];
      }
    }
  }

  /** In nats for a distribution, else a variance over samples, the mean over places; of one sample over its places. */
  get value(): number {
    const { kind } = this.#head;
    if (kind === "whole" || this.#samples === 0) return 1;
    if (kind !== "values") {
      // The mean of KL(p || mean) is the entropy of the mean less the mean of the entropies.
      const entropy = this.#sums.reduce((sum, p) => sum + entropyOf(p / this.#positions), 0);
      return Math.max(LEAST_NATS, entropy + this.#squares / this.#positions);
    }
    const count = this.#samples * this.#sums.length;
    const size = this.#squares / count;
    const means =
      this.#samples > 1
        ? this.#sums.reduce((sum, x) => sum + (x / this.#samples) ** 2, 0) / this.#sums.length
        : (this.#sums.reduce((sum, x) => sum + x, 0) / this.#sums.length) ** 2;
    return Math.max(size - means, LEAST_PART ** 2 * size) || 1;
  }
}

/** -p log p. */
const entropyOf = (p: number) => (p > 0 ? -p * Math.log(p) : 0);
