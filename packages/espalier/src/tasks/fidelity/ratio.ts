import type { FidelityMeasure, Parts } from "./measure.ts";

/** Sums the parts of samples to a measure's value, in percent, and the standard error that chance gives it. */
export class RatioTally {
  readonly #measure: Pick<FidelityMeasure, "better" | "root">;
  #samples = 0;
  #part = 0;
  #whole = 0;
  #parts = 0;
  #products = 0;
  #wholes = 0;

  constructor(measure: Pick<FidelityMeasure, "better" | "root">) {
    this.#measure = measure;
  }

  add({ part, whole }: Parts): void {
    this.#samples++;
    this.#part += part;
    this.#whole += whole;
    this.#parts += part * part;
    this.#products += part * whole;
    this.#wholes += whole * whole;
  }

  /** Returns true if the samples had nothing to compare: no box, nothing above 0.5. */
  get empty(): boolean {
    return this.#whole === 0;
  }

  /** In percent; of samples that have nothing to compare, as good as can be. */
  get value(): number {
    const ratio = this.#ratio;
    return 100 * (this.#measure.root ? Math.sqrt(ratio) : ratio);
  }

  get #ratio(): number {
    if (this.#whole !== 0) return this.#part / this.#whole;
    if (this.#measure.better === "higher") return 1;
    return this.#part === 0 ? 0 : Number.POSITIVE_INFINITY;
  }

  /**
   * One standard error, in percent: of a ratio of sums, by the deviation of part - ratio x whole over samples (Cochran,
   * Sampling Techniques, section 6.4), and of its root by the first derivative. Where no sample deviates, half a sample
   * still may.
   */
  get standardError(): number {
    const [n, ratio] = [this.#samples, this.#ratio];
    if (n === 0 || this.#whole === 0 || !Number.isFinite(ratio)) return 0;
    const squares = this.#parts - 2 * ratio * this.#products + ratio * ratio * this.#wholes;
    const error = Math.sqrt((Math.max(0, squares) * n) / Math.max(1, n - 1)) / this.#whole;
    if (this.#measure.root) return ratio === 0 ? 0 : (100 * error) / (2 * Math.sqrt(ratio));
    return squares > 1e-9 * this.#parts ? 100 * error : 50 / n;
  }
}

/**
 * One standard error of a fidelity in percent, from the number of samples alone: as if each were all right or all wrong,
 * of which no measure of parts deviates more.
 */
export function chanceAt(percent: number, samples: number): number {
  const p = Math.min(1, Math.max(0, percent / 100));
  return 100 * Math.sqrt((p * (1 - p)) / samples);
}
