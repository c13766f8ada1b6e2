/** Zero crossings of the kernel on either side. */
const CROSSINGS = 12;
/** How much of what the lower of both rates can hold is kept: the rest is where the filter falls off. */
const KEPT = 0.94;

/** Brings samples that come bit by bit to another rate: a sinc under Blackman's window (Smith and Gossett, 1984). */
export class Resampler {
  #up;
  #down;
  #cutoff;
  #half;
  #kernels = new Map();
  /** The last samples that came; the first of them is number `#first`. */
  #held;
  #first;
  /** The number of the next sample that is made. */
  #next = 0;

  /**
   * @param {number} from samples a second that come
   * @param {number} to samples a second that are made
   */
  constructor(from, to) {
    const common = divisor(from, to);
    [this.#up, this.#down] = [to / common, from / common];
    this.#cutoff = KEPT * Math.min(1, to / from);
    this.#half = Math.ceil(CROSSINGS / this.#cutoff);
    this.#held = new Float32Array(this.#half);
    this.#first = -this.#half;
  }

  /**
   * @param {Float32Array} samples the next that come
   * @returns {Float32Array} those of the new rate of which all is known
   */
  push(samples) {
    const held = new Float32Array(this.#held.length + samples.length);
    held.set(this.#held);
    held.set(samples, this.#held.length);
    const made = [];
    for (; ; this.#next++) {
      const position = this.#next * this.#down;
      const start = Math.floor(position / this.#up) - this.#half + 1 - this.#first;
      if (start + 2 * this.#half > held.length) break;
      const kernel = this.#kernelAt(position % this.#up);
      let sum = 0;
      for (let k = 0; k < kernel.length; k++) sum += kernel[k] * held[start + k];
      made.push(sum);
    }
    const done = Math.floor((this.#next * this.#down) / this.#up) - this.#half + 1 - this.#first;
    this.#held = held.slice(done);
    this.#first += done;
    return Float32Array.from(made);
  }

  /** Weights of the samples around a place between two: `phase / up` behind the one before. */
  #kernelAt(phase) {
    const known = this.#kernels.get(phase);
    if (known) return known;
    const weights = Float64Array.from({ length: 2 * this.#half }, (_, k) => {
      const x = k - this.#half + 1 - phase / this.#up;
      return sinc(this.#cutoff * x) * blackman(x / this.#half);
    });
    const sum = weights.reduce((a, b) => a + b);
    const kernel = weights.map((weight) => weight / sum);
    this.#kernels.set(phase, kernel);
    return kernel;
  }
}

const divisor = (a, b) => (b === 0 ? a : divisor(b, a % b));
const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
const blackman = (x) => (Math.abs(x) >= 1 ? 0 : 0.42 + 0.5 * Math.cos(Math.PI * x) + 0.08 * Math.cos(2 * Math.PI * x));
