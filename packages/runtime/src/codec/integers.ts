import type { BitCoder } from "./bit-coder.ts";
import { Mixer } from "./mixer.ts";
import { PLACES } from "./significance.ts";
import { LEFT, neighboursIn, UP, type View } from "./view.ts";

/** The most bits of a magnitude. */
export const LONGEST_MAGNITUDE = 15;
/** Classes of a mean magnitude: half octaves of 256 times it. */
export const LEVELS = 48;
/** Nodes of a context: 15 decisions about the length of a magnitude, then 3 for each length about what lies below. */
const NODES = 64;
const BELOW = 16;
/** Channels that contexts tell apart; where there are more they count as one. */
const MOST_CHANNELS = 4096;
/** How many numbers of the mean that is told weigh as much as those that are met. */
const ASSUMED = 32;
/** Sets of weights for each quarter of the levels: one for each decision about the length, one for what lies below. */
const SETS = 16;

/**
 * Codes small whole numbers, such as quantized weights: of each how many bits its magnitude has, these bits, the sign.
 *
 * Magnitudes are expected to be as large as a row's times a column's: the mean of what was coded in the row, times that of
 * the column, by that of all. The contexts: what is expected; the column's mean with the row's at this place of the kernel;
 * the magnitudes before in the channels and in the rows; the channel; the place with what is around it.
 */
export class IntegerModel {
  readonly #view: View;
  readonly #places: number;
  readonly #channels: number;
  readonly #neighbours: Uint8Array;
  readonly #mixer: Mixer;
  readonly #signs: Mixer;
  /** Sums of the magnitudes: of each column, of each place, of the row, of its kernel, of all. */
  readonly #columns: Float64Array;
  readonly #placeSums: Float64Array;
  #row = 0;
  #kernel = 0;
  #all: number;

  /** @param level the class of the mean magnitude of all: {@link levelOf} */
  constructor(view: View, level: number) {
    const { channels, kernel } = view;
    this.#view = view;
    const places = kernel <= PLACES ? kernel : 1;
    const told = channels <= MOST_CHANNELS ? channels : 1;
    this.#places = places;
    this.#channels = told;
    this.#neighbours = neighboursIn(view);
    const contexts = [LEVELS, LEVELS * LEVELS, 256, told, places * LEVELS];
    this.#mixer = new Mixer({
      contexts: contexts.map((count) => count * NODES),
      sets: 4 * SETS,
      step: 131,
      inertia: 1,
      prior,
      seen: 8,
    });
    this.#signs = new Mixer({ contexts: [1, 9 * places, 3 * places, 9, told], step: 131, inertia: 1 });
    this.#columns = new Float64Array(channels * kernel);
    this.#placeSums = new Float64Array(places);
    this.#all = ASSUMED * meanOf(level);
  }

  /** Codes the number `t`, in its row, channel and place of the kernel. */
  code(coder: BitCoder, numbers: Int32Array, t: number, row: number, channel: number, place: number): number {
    const { channels, kernel, width } = this.#view;
    const columns = channels * kernel;
    const x = t - row * columns;
    const p = this.#places === 1 ? 0 : place;
    const told = this.#channels === 1 ? 0 : channel;
    if (x === 0) this.#row = 0;
    if (place === 0) this.#kernel = 0;
    const neighbours = this.#neighbours[place];
    const before = channel > 0 ? numbers[t - kernel] : 0;
    const above = row > 0 ? numbers[t - columns] : 0;
    const mean = this.#all / (ASSUMED + t);
    const ofRow = (this.#row + 4 * mean) / (x + 4);
    const ofColumn = (this.#columns[x] + 2 * mean) / (row + 2);
    const expected = (ofRow * ofColumn) / mean;
    const ofPlace =
      this.#places === 1 ? ofRow : (((this.#placeSums[p] + 4 * mean) / (row * channels + channel + 4)) * ofRow) / mean;
    const around =
      kernel === 1
        ? (Math.abs(before) +
            (channel > 1 ? Math.abs(numbers[t - 2]) : 0) +
            Math.abs(above) +
            (row > 1 ? Math.abs(numbers[t - 2 * columns]) : 0) +
            2 * expected) /
          6
        : (this.#kernel + 2 * expected) / (place + 2);
    const level = levelOf(expected);
    const mixer = this.#mixer;
    mixer.select(0, NODES * level);
    mixer.select(1, NODES * (LEVELS * levelOf(ofColumn) + levelOf(ofPlace)));
    mixer.select(2, NODES * (16 * Math.min(15, Math.abs(before)) + Math.min(15, Math.abs(above))));
    mixer.select(3, NODES * told);
    mixer.select(4, NODES * (LEVELS * p + levelOf(around)));
    const magnitude = this.#magnitude(coder, Math.abs(numbers[t]), SETS * Math.max(0, Math.min(3, (level >> 2) - 3)));
    let sign = 0;
    if (magnitude > 0) {
      const left = neighbours & LEFT ? signOf(numbers[t - 1]) : 0;
      const up = neighbours & UP ? signOf(numbers[t - width]) : 0;
      const signs = this.#signs;
      signs.select(1, 9 * p + 3 * left + up);
      signs.select(2, 3 * p + signOf(before));
      signs.select(3, 3 * signOf(above) + signOf(before));
      signs.select(4, told);
      sign = signs.code(coder, numbers[t] < 0 ? 1 : 0);
    }
    this.#row += magnitude;
    this.#kernel += magnitude;
    this.#columns[x] += magnitude;
    this.#placeSums[p] += magnitude;
    this.#all += magnitude;
    return sign ? -magnitude : magnitude;
  }

  #magnitude(coder: BitCoder, magnitude: number, set: number): number {
    const mixer = this.#mixer;
    const bits = 32 - Math.clz32(magnitude);
    let length = 0;
    while (length < LONGEST_MAGNITUDE && mixer.code(coder, bits > length ? 1 : 0, set + length, length)) length++;
    if (length < 2) return length;
    let coded = 1;
    let rest = length - 1;
    for (let node = BELOW + 3 * (length - 2); rest > 0 && coded < 4; rest--) {
      coded = 2 * coded + mixer.code(coder, (magnitude >> (rest - 1)) & 1, set + SETS - 1, node + coded - 1);
    }
    return (coded << rest) | coder.raw(magnitude & ((1 << rest) - 1), rest);
  }
}

/** The class of a mean magnitude, from 0 to 47: half octaves. */
export function levelOf(mean: number): number {
  const scaled = Math.min(1 << 24, Math.floor(256 * mean));
  if (scaled < 1) return 0;
  const octave = 31 - Math.clz32(scaled);
  return Math.min(LEVELS - 1, 2 * octave + ((scaled << 1) >>> octave) - 1);
}

/** A mean magnitude of a class: the middle of its half octave. */
function meanOf(level: number): number {
  const octave = (level - 1) >> 1;
  return level === 0 ? 1 / 512 : ((1 << octave) * (level % 2 ? 1.25 : 1.75)) / 256;
}

/** What a cell of the first context begins with: magnitudes of its mean whose probabilities fall by a constant factor. */
function prior(cell: number): number {
  const node = cell % NODES;
  if (node >= BELOW) return 0.5;
  const mean = meanOf(Math.floor(cell / NODES));
  let longer = mean / (1 + mean);
  for (let length = 1; length < node; length++) longer *= longer;
  return longer;
}

/** 0, 1 above it and 2 below. */
function signOf(number: number): number {
  return number > 0 ? 1 : number < 0 ? 2 : 0;
}
