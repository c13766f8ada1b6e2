import type { BitCoder } from "./bit-coder.ts";
import { Mixer } from "./mixer.ts";
import { PLACES } from "./significance.ts";
import { LEFT, neighboursIn, UP, type View } from "./view.ts";

/** Levels of the tree of codes whose decisions are mixed from contexts; what lies below follows the node alone. */
const MIXED = 4;
/** Classes of a neighbour's code: 16 by rank, and one for zero. */
const CLASSES = 17;

/**
 * Codes the codes of shared weights: ranks in the codebook, from 1, in the contexts of codes around them.
 *
 * A code is a walk down the binary tree over the ranks, where a node begins with the share of the entries on each side.
 */
export class CodeModel {
  readonly #view: View;
  readonly #size: number;
  readonly #negative: number;
  readonly #depth: number;
  readonly #mixed: number;
  readonly #mixer: Mixer;
  readonly #neighbours: Uint8Array;
  /** The class of each code. */
  readonly #classes: Uint8Array;
  readonly #magnitudes: Float64Array;
  readonly #counts: Uint32Array;
  readonly #lastOfColumn: Uint32Array;
  #lastOfRow = 0;

  /** @param size entries of the codebook, of which so many stand for numbers below zero */
  constructor(view: View, size: number, negative: number) {
    const { channels, kernel } = view;
    this.#view = view;
    this.#size = size;
    this.#negative = negative;
    this.#depth = 32 - Math.clz32(size - 1);
    this.#mixed = Math.min(this.#depth, MIXED);
    const contexts = [CLASSES * CLASSES, 16 * (kernel <= PLACES ? kernel : 1), CLASSES, CLASSES];
    this.#mixer = new Mixer({
      contexts: [1 << this.#depth, ...contexts.map((count) => count << this.#mixed)],
      sets: this.#mixed,
      step: 262,
      inertia: 2,
      prior: (node) => this.#prior(node),
      seen: 32,
    });
    this.#neighbours = neighboursIn(view);
    this.#classes = Uint8Array.from({ length: size + 1 }, (_, code) =>
      code === 0 ? CLASSES - 1 : Math.floor(((code - 1) * 16) / size),
    );
    this.#magnitudes = new Float64Array(channels);
    this.#counts = new Uint32Array(channels);
    this.#lastOfColumn = new Uint32Array(channels * kernel);
  }

  startRow(): void {
    this.#lastOfRow = 0;
  }

  /** Codes the element `t`, which is not zero, in the channel and kernel place. */
  code(coder: BitCoder, elements: Uint32Array, t: number, channel: number, place: number): number {
    const { kernel, width } = this.#view;
    const column = channel * kernel + place;
    const neighbours = this.#neighbours[place];
    const left = neighbours & LEFT ? elements[t - 1] : 0;
    const up = neighbours & UP ? elements[t - width] : 0;
    const mean = (this.#magnitudes[channel] + this.#size / 2) / (this.#counts[channel] + 2);
    const scale = Math.min(15, Math.floor((32 * mean) / this.#size));
    const classes = this.#classes;
    this.#select(1, CLASSES * classes[left] + classes[up]);
    this.#select(2, 16 * (kernel <= PLACES ? place : 0) + scale);
    this.#select(3, classes[this.#lastOfColumn[column]]);
    this.#select(4, classes[this.#lastOfRow]);
    const code = this.#walk(coder, elements[t] - 1) + 1;
    this.#magnitudes[channel] += Math.abs(code - 0.5 - this.#negative);
    this.#counts[channel]++;
    this.#lastOfColumn[column] = code;
    this.#lastOfRow = code;
    return code;
  }

  #select(input: number, context: number): void {
    this.#mixer.select(input, context << this.#mixed);
  }

  #walk(coder: BitCoder, rank: number): number {
    const leaves = 1 << this.#depth;
    const mixer = this.#mixer;
    let node = 1;
    for (let level = this.#depth - 1, depth = 0; level >= 0; level--, depth++) {
      node *= 2;
      // Where the side of 1 has no entry there is nothing to decide.
      if ((node + 1) << level >= leaves + this.#size) continue;
      const bit = (rank >>> level) & 1;
      node += depth < this.#mixed ? mixer.code(coder, bit, depth, node >> 1) : mixer.codeAlone(coder, bit, node >> 1);
    }
    return node - leaves;
  }

  /** The share of a node's entries that lie on its side of 1. */
  #prior(node: number): number {
    const level = Math.clz32(node) - Math.clz32(1 << this.#depth);
    const low = (node << level) - (1 << this.#depth);
    const middle = low + (1 << level) / 2;
    const end = Math.min(this.#size, low + (1 << level));
    return Math.max(0, end - middle) / (end - low);
  }
}
