import type { Range } from "./range.ts";

/** Bins on each side of zero. */
const SIDE = 2048;
/** The codes of eight bits. */
const STEPS = 255;
/** Each reach that is tried is this part of the one before, so many times: down to a tenth. */
const PART = 0.97;
const REACHES = 76;

/**
 * How the numbers of a value are spread: counts in bins about zero, which become twice as wide when a number lies beyond
 * them, so that memory is the same for any samples.
 */
export class Histogram {
  readonly #above = new Float64Array(SIDE);
  readonly #below = new Float64Array(SIDE);
  /** Of a bin; a power of two. */
  #width = 0;
  #low = 0;
  #high = 0;
  #isFinite = true;

  /** False where a number was none, or infinite. */
  get isFinite(): boolean {
    return this.#isFinite;
  }

  /** @param step every so many-th number is looked at */
  add(numbers: Float32Array, step = 1): void {
    let [low, high] = [this.#low, this.#high];
    for (let i = 0; i < numbers.length; i += step) {
      const x = numbers[i];
      if (x < low) low = x;
      else if (x > high) high = x;
      else if (Number.isNaN(x)) this.#isFinite = false;
    }
    if (!this.#isFinite || !Number.isFinite(high - low)) {
      this.#isFinite = false;
      return;
    }
    [this.#low, this.#high] = [low, high];
    this.#reach(Math.max(high, -low));
    if (this.#width === 0) return;
    const per = 1 / this.#width;
    for (let i = 0; i < numbers.length; i += step) {
      const x = numbers[i];
      // Zeros are told exactly by any codes.
      if (x > 0) this.#above[Math.floor(x * per)]++;
      else if (x < 0) this.#below[Math.floor(-x * per)]++;
    }
  }

  /** Makes bins wide enough. */
  #reach(most: number): void {
    if (most === 0) return;
    if (this.#width === 0) this.#width = 2 ** Math.max(LEAST, Math.ceil(Math.log2(most / SIDE)));
    while (most >= this.#width * SIDE) {
      this.#width *= 2;
      for (const side of [this.#above, this.#below]) {
        for (let i = 0; i < SIDE / 2; i++) side[i] = side[2 * i] + side[2 * i + 1];
        side.fill(0, SIDE / 2);
      }
    }
  }

  /**
   * The range whose 256 codes are nearest to the numbers in the mean square: within it an error is up to half a step,
   * beyond it the distance to the end.
   */
  range(): Range {
    const [above, below] = [new Tail(this.#above, this.#width), new Tail(this.#below, this.#width)];
    const count = above.count + below.count;
    if (count === 0) return { low: 0, high: 0 };
    let best: Range = { low: this.#low, high: this.#high };
    let least = Number.POSITIVE_INFINITY;
    for (const high of reaches(this.#high)) {
      for (const low of reaches(-this.#low)) {
        const error = (count * ((high + low) / STEPS) ** 2) / 12 + above.beyond(high) + below.beyond(low);
        if (error < least) [best, least] = [{ low: 0 - low, high }, error];
      }
    }
    return best;
  }
}

/** The exponent below which no bin is made. */
const LEAST = -140;

function reaches(most: number): number[] {
  return most === 0 ? [0] : Array.from({ length: REACHES }, (_, i) => most * PART ** i);
}

/** Sums over the bins from each on: of the counts, of the numbers, and of their squares. */
class Tail {
  readonly #sums: readonly Float64Array[];
  readonly #width: number;

  constructor(counts: Float64Array, width: number) {
    this.#width = width;
    this.#sums = [0, 1, 2].map((power) => {
      const sums = new Float64Array(SIDE + 1);
      for (let i = SIDE - 1; i >= 0; i--) sums[i] = sums[i + 1] + counts[i] * ((i + 0.5) * width) ** power;
      return sums;
    });
  }

  get count(): number {
    return this.#sums[0][0];
  }

  /** The squared distance of all numbers beyond an end from it. */
  beyond(end: number): number {
    const first = this.#width === 0 ? SIDE : Math.min(SIDE, Math.ceil(end / this.#width));
    const [count, numbers, squares] = this.#sums.map((sums) => sums[first]);
    return Math.max(0, squares - 2 * end * numbers + end * end * count);
  }
}
