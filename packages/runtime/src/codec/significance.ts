import { type BitCoder, log2 } from "./bit-coder.ts";
import { Mixer } from "./mixer.ts";
import { LEFT, neighboursIn, UP, UP_LEFT, UP_RIGHT, type View } from "./view.ts";

/** Kernel places that contexts tell apart; a larger kernel's count as one. */
export const PLACES = 64;
/** Beside the neighbours in the kernel: the same place in the channel before, and in the row before. */
const CHANNEL = 16;
const ROW = 32;

/**
 * Codes which elements are not zero, row after row.
 *
 * The contexts: the place in the kernel with how many of the kernel are not zero yet; the row; the channel; the neighbours
 * in the kernel, in the channel before and in the row before; how full the row and the columns around are; how many of
 * the last eight were not zero with how alive the unit behind the column was in the tensor before.
 */
export class Significance {
  readonly #view: View;
  readonly #places: number;
  readonly #density: number;
  readonly #activity: Uint8Array;
  readonly #neighbours: Uint8Array;
  readonly #mixer: Mixer;
  /** How many of each column and those around it were not zero, and how many columns these are. */
  readonly #sums: Uint32Array;
  readonly #around: Uint8Array;
  /** Behind room for what is left out: for each column, whether it was not zero when it was last coded. */
  readonly #present: Uint8Array;
  readonly #history: Uint8Array;
  #rowCount = 0;
  #kernelCount = 0;

  /** @param activity how the unit behind each column looked in the tensor before: {@link activityOf} */
  constructor(view: View, density: number, activity: Uint8Array) {
    const { rows, channels, kernel } = view;
    this.#view = view;
    this.#places = kernel <= PLACES ? kernel : 1;
    this.#density = density;
    this.#activity = activity;
    this.#neighbours = neighboursIn(view);
    this.#mixer = new Mixer({
      contexts: [16 * kernel, rows, channels, 64 * this.#places, 256, 64],
      sets: 8,
      step: 131,
      inertia: 1,
      prior: () => density,
    });
    this.#sums = new Uint32Array(channels * kernel);
    this.#around = new Uint8Array(channels * kernel);
    for (let column = 0; column < channels * kernel; column++) this.#addAround(column, column % kernel, this.#around);
    this.#present = new Uint8Array(kernel + 1 + channels * kernel);
    this.#history = new Uint8Array(this.#places);
  }

  startRow(): void {
    this.#rowCount = 0;
    this.#history.fill(0);
  }

  startKernel(): void {
    this.#kernelCount = 0;
  }

  /** Codes 1 where the element in the row, channel and kernel place is not zero, else 0. */
  code(coder: BitCoder, bit: number, row: number, channel: number, place: number): number {
    const { kernel, width } = this.#view;
    const column = channel * kernel + place;
    const p = this.#places === 1 ? 0 : place;
    const present = this.#present;
    const here = column + kernel + 1;
    const known =
      (LEFT * present[here - 1]) |
      (UP * present[here - width]) |
      (UP_LEFT * present[here - width - 1]) |
      (UP_RIGHT * present[here - width + 1]);
    const neighbours = (known & this.#neighbours[place]) | (CHANNEL * present[here - kernel]) | (ROW * present[here]);
    const recent = bitCount(this.#history[p]);
    const mixer = this.#mixer;
    const alive = this.#activity[column];
    mixer.select(0, 16 * place + Math.min(15, this.#kernelCount));
    mixer.select(1, row);
    mixer.select(2, channel);
    mixer.select(3, 64 * p + neighbours);
    const around = this.#sums[column] / this.#around[column];
    mixer.select(4, 16 * this.#fullness(around, row) + this.#fullness(this.#rowCount, column));
    mixer.select(5, 8 * alive + ((recent + 1) >> 1));
    const coded = mixer.code(coder, bit, alive);
    present[here] = coded;
    this.#history[p] = (this.#history[p] << 1) | coded;
    if (coded) {
      this.#rowCount++;
      this.#kernelCount++;
      this.#addAround(column, place, this.#sums);
    }
    return coded;
  }

  /** Adds 1 to a column and those around it in the kernel, or beside it where kernels have one element. */
  #addAround(column: number, place: number, counts: Uint32Array | Uint8Array): void {
    const { kernel, width, channels } = this.#view;
    if (kernel === 1) {
      if (column > 0) counts[column - 1]++;
      counts[column]++;
      if (column < channels - 1) counts[column + 1]++;
      return;
    }
    const x = place % width;
    const fromX = x > 0 ? -1 : 0;
    const toX = x < width - 1 ? 1 : 0;
    for (let line = place >= width ? -width : 0; line <= width && place + line < kernel; line += width) {
      for (let dx = fromX; dx <= toX; dx++) counts[column + line + dx]++;
    }
  }

  /** The class of a count among so many, against the density: half octaves, 8 where they are the same. */
  #fullness(count: number, of: number): number {
    const ratio = (16 * (count + 2 * this.#density)) / ((of + 2) * this.#density);
    const halves = ratio < 192 ? (2 * ratio) | 0 : 384;
    if (halves < 2) return 0;
    const octave = 30 - Math.clz32(halves);
    return 2 * octave + ((halves >> octave) & 1);
  }
}

/** How many bits of a byte are 1. */
function bitCount(byte: number): number {
  const pairs = byte - ((byte >> 1) & 0x55);
  const nibbles = (pairs & 0x33) + ((pairs >> 2) & 0x33);
  return (nibbles + (nibbles >> 4)) & 15;
}

/** What a tensor tells of the columns of the one behind it: 0 for a dead unit, else 1 to 7 by how full its row was. */
export function activityOf(rowCounts: Uint32Array, columns: number): Uint8Array {
  const total = rowCounts.reduce((sum, count) => sum + count, 0);
  const classes = Uint8Array.from(rowCounts, (count) =>
    count === 0 ? 0 : 1 + log2(Math.min(64, 1 + (4 * count * rowCounts.length) / total)),
  );
  const each = columns / rowCounts.length;
  return Uint8Array.from({ length: columns }, (_, column) => classes[Math.floor(column / each)]);
}
