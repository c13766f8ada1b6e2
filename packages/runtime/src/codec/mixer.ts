import type { BitCoder } from "./bit-coder.ts";
import { squash, stretched } from "./logistic.ts";

export interface MixerOptions {
  /** How many contexts each input has. */
  readonly contexts: readonly number[];
  /** How many sets of weights there are to choose from; default 1. */
  readonly sets?: number;
  /** The step of the weights at least, in 1/65536; they begin at 1310. */
  readonly step: number;
  /** How many decisions the first guess of a cell weighs. */
  readonly inertia: number;
  /** A cell that has seen so many decisions moves no slower any more; default, and at most, 1023. */
  readonly limit?: number;
  /** The probability of 1 that a cell of the first input begins with; default 1/2. */
  prior?(cell: number): number;
  /** How many decisions the cells of the first input have seen as it were; default 0. */
  readonly seen?: number;
}

/** A cell's low bits count the decisions that it has seen; the 22 above them are its probability of 1. */
const COUNT_BITS = 10;
const COUNT = (1 << COUNT_BITS) - 1;
const ONE = 2 ** 22;
/** The step of weights that were used so often, in 1/65536: 0.02 at first, ever less then. */
const STEPS = Int32Array.from({ length: 1024 }, (_, uses) => 131072 / (100 + uses));

/**
 * Predicts a decision from several contexts at once, and learns from each.
 *
 * Every input looks its context up in cells of its own, each a probability that follows the decisions seen there. The
 * predictions are mixed in the logistic domain, p = squash(sum of w stretch(p)), and the weights w follow the gradient
 * of the coding cost (Mahoney, "Adaptive Weighing of Context Models for Lossless Data Compression", 2005). A cell that
 * has seen nothing yet says what the first input says. All numbers are whole, so that every machine has the same.
 */
export class Mixer {
  /** Where the cells of each input's context begin. */
  readonly #at: Int32Array;
  /** Where the cells of each input begin. */
  readonly #first: Int32Array;
  readonly #cells: Uint32Array;
  /** How far a cell moves by how much it has seen, in 1/8192. */
  readonly #rates: Int32Array;
  readonly #limit: number;
  /** The weights of each set, in 1/65536. */
  readonly #weights: Int32Array;
  readonly #uses: Uint32Array;
  readonly #step: number;
  readonly #inputs: Int32Array;

  constructor({ contexts, sets = 1, step, inertia, limit = COUNT, prior = () => 0.5, seen = 0 }: MixerOptions) {
    const inputs = contexts.length;
    let cells = 0;
    this.#first = Int32Array.from(contexts, (count) => {
      cells += count;
      return cells - count;
    });
    this.#at = this.#first.slice();
    this.#cells = new Uint32Array(cells);
    for (let cell = 0; cell < contexts[0]; cell++) {
      this.#cells[cell] = (Math.min(ONE - 1, Math.floor(prior(cell) * ONE)) << COUNT_BITS) | seen;
    }
    this.#rates = new Int32Array(limit + 1);
    for (let count = 0; count <= limit; count++) this.#rates[count] = Math.round(8192 / (count + inertia + 1));
    this.#limit = limit;
    this.#weights = new Int32Array(sets * inputs).fill(Math.round(65536 / inputs));
    this.#uses = new Uint32Array(sets);
    this.#step = step;
    this.#inputs = new Int32Array(inputs);
  }

  /** Sets an input's context for the decisions that follow. */
  select(input: number, context: number): void {
    this.#at[input] = this.#first[input] + context;
  }

  /** Codes a decision. @param node is added to every context */
  code(coder: BitCoder, bit: number, set = 0, node = 0): number {
    const at = this.#at;
    const cells = this.#cells;
    const weights = this.#weights;
    const inputs = this.#inputs;
    const base = set * inputs.length;
    let sum = 0;
    for (let j = 0; j < inputs.length; j++) {
      const place = at[j] + node;
      let cell = cells[place];
      if (cell === 0) cells[place] = cell = cells[at[0] + node] & ~COUNT;
      const x = stretched[cell >>> 20];
      inputs[j] = x;
      sum += Math.imul(weights[base + j], x) >> 10;
    }
    const one = squash((sum + 32) >> 6);
    const coded = coder.code(bit, one);
    const uses = this.#uses[set];
    if (uses < STEPS.length - 1) this.#uses[set] = uses + 1;
    const step = Math.max(this.#step, STEPS[uses]);
    const error = (Math.imul((coded << 16) - one, step) + 512) >> 10;
    for (let j = 0; j < inputs.length; j++) {
      weights[base + j] += (Math.imul(error, inputs[j]) + 8192) >> 14;
      this.#learn(at[j] + node, coded);
    }
    return coded;
  }

  /** Codes a decision by the first input alone. */
  codeAlone(coder: BitCoder, bit: number, node: number): number {
    const place = this.#at[0] + node;
    const one = Math.max(1, this.#cells[place] >>> 16);
    const coded = coder.code(bit, one);
    this.#learn(place, coded);
    return coded;
  }

  #learn(place: number, coded: number): void {
    const cell = this.#cells[place];
    const seen = cell & COUNT;
    // In eighths of the way, rounded towards where the cell is: it never passes the ends.
    const way = (coded ? ONE : 7) - (cell >>> COUNT_BITS);
    const move = Math.imul(way >> 3, this.#rates[seen]);
    this.#cells[place] = cell + (move & ~COUNT) + (seen < this.#limit ? 1 : 0);
  }

  /**
   * Codes a symbol of so many bits as a walk down a binary tree, the high bits first, and returns it.
   *
   * What is selected chooses each input's tree, of 2^bits cells.
   */
  codeSymbol(coder: BitCoder, symbol: number, bits: number, set = 0): number {
    let node = 1;
    for (let level = bits - 1; level >= 0; level--) {
      node = 2 * node + this.code(coder, (symbol >>> level) & 1, set, node);
    }
    return node - (1 << bits);
  }
}
