import type { BitCoder } from "./bit-coder.ts";
import { Mixer } from "./mixer.ts";
import { PLACES } from "./significance.ts";
import type { View } from "./view.ts";

/** Levels of the tree of codes whose decisions are mixed from contexts; what lies below follows the node alone. */
const MIXED = 6;
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
  readonly #top: Mixer;
  readonly #bottom: Mixer;
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
    const contexts = [1, CLASSES * CLASSES, 16 * (kernel <= PLACES ? kernel : 1), CLASSES, CLASSES];
    this.#top = new Mixer({
      contexts: contexts.map((count) => count << this.#mixed),
      sets: this.#mixed,
      step: 0.004,
      inertia: 2,
    });
    this.#bottom = new Mixer({ contexts: [1 << this.#depth], step: 0, inertia: 2 });
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
    const left = this.#classOf(place % width > 0 ? elements[t - 1] : 0);
    const up = this.#classOf(place >= width ? elements[t - width] : 0);
    const mean = (this.#magnitudes[channel] + this.#size / 2) / (this.#counts[channel] + 2);
    const scale = Math.min(15, Math.floor((32 * mean) / this.#size));
    const p = kernel <= PLACES ? place : 0;
    const contexts = [
      0,
      CLASSES * left + up,
      16 * p + scale,
      this.#classOf(this.#lastOfColumn[column]),
      this.#classOf(this.#lastOfRow),
    ];
    const code = this.#walk(coder, elements[t] - 1, contexts) + 1;
    this.#magnitudes[channel] += Math.abs(code - 0.5 - this.#negative);
    this.#counts[channel]++;
    this.#lastOfColumn[column] = code;
    this.#lastOfRow = code;
    return code;
  }

  #classOf(code: number): number {
    return code === 0 ? 16 : Math.floor(((code - 1) * 16) / this.#size);
  }

  #walk(coder: BitCoder, rank: number, contexts: readonly number[]): number {
    const { at } = this.#top;
    let node = 1;
    let low = 0;
    for (let level = this.#depth - 1, depth = 0; level >= 0; level--, depth++) {
      const middle = low + (1 << level);
      if (middle >= this.#size) {
        node *= 2;
        continue;
      }
      const end = Math.min(this.#size, middle + (1 << level));
      const prior = (end - middle) / (end - low);
      const bit = (rank >>> level) & 1;
      let coded: number;
      if (depth < this.#mixed) {
        for (let j = 0; j < contexts.length; j++) at[j] = (contexts[j] << this.#mixed) + node;
        coded = this.#top.code(coder, bit, prior, depth);
      } else {
        this.#bottom.at[0] = node;
        coded = this.#bottom.code(coder, bit, prior);
      }
      node = 2 * node + coded;
      if (coded) low = middle;
    }
    return low;
  }
}
