import { type BitCoder, log2 } from "./bit-coder.ts";
import { Mixer } from "./mixer.ts";
import type { View } from "./view.ts";

/** Kernel places that contexts tell apart; a larger kernel's count as one. */
export const PLACES = 64;

/**
 * Codes which elements are not zero, row after row.
 *
 * The contexts: the place in the kernel; the row; the channel; how many of the kernel are not zero yet; the neighbours in
 * the kernel, in the channel before and in the row before; how full the row and the columns around are; how many of the
 * last eight were not zero; and how alive the unit behind the column was in the tensor before.
 */
export class Significance {
  readonly #view: View;
  readonly #places: number;
  readonly #density: number;
  readonly #activity: Uint8Array;
  readonly #mixer: Mixer;
  readonly #columns: Uint32Array;
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
    this.#mixer = new Mixer({
      contexts: [kernel, rows, channels, 16 * kernel, 64 * this.#places, 256, 64],
      sets: 8,
      step: 0.002,
      inertia: 1,
    });
    this.#columns = new Uint32Array(channels * kernel);
    this.#history = new Uint8Array(this.#places);
  }

  startRow(): void {
    this.#rowCount = 0;
    this.#history.fill(0);
  }

  startKernel(): void {
    this.#kernelCount = 0;
  }

  /** Codes whether the element `t` in the row, channel and kernel place is not zero; those before it are known. */
  code(coder: BitCoder, elements: Uint32Array, t: number, row: number, channel: number, place: number): boolean {
    const { kernel, width } = this.#view;
    const columns = this.#columns.length;
    const column = channel * kernel + place;
    const p = this.#places === 1 ? 0 : place;
    const x = place % width;
    const hasUp = place >= width;
    const neighbours =
      (x > 0 && elements[t - 1] ? 1 : 0) |
      (hasUp && elements[t - width] ? 2 : 0) |
      (hasUp && x > 0 && elements[t - width - 1] ? 4 : 0) |
      (hasUp && x < width - 1 && elements[t - width + 1] ? 8 : 0) |
      (channel > 0 && elements[t - kernel] ? 16 : 0) |
      (row > 0 && elements[t - columns] ? 32 : 0);
    const recent = bitCount(this.#history[p]);
    const { at } = this.#mixer;
    const alive = this.#activity[column];
    at[0] = place;
    at[1] = row;
    at[2] = channel;
    at[3] = 16 * place + Math.min(15, this.#kernelCount);
    at[4] = 64 * p + neighbours;
    at[5] = 16 * this.#fullness(this.#around(column, place, x), row) + this.#fullness(this.#rowCount, column);
    at[6] = 8 * alive + ((recent + 1) >> 1);
    const bit = this.#mixer.code(coder, elements[t] ? 1 : 0, this.#density, alive);
    this.#history[p] = (this.#history[p] << 1) | bit;
    if (bit) {
      this.#rowCount++;
      this.#kernelCount++;
      this.#columns[column]++;
    }
    return bit === 1;
  }

  /** The mean count of the column and those around it in the kernel, or beside it where kernels have one element. */
  #around(column: number, place: number, x: number): number {
    const { kernel, width, channels } = this.#view;
    const counts = this.#columns;
    if (kernel === 1) {
      const left = column > 0 ? 1 : 0;
      const right = column < channels - 1 ? 1 : 0;
      const sum = counts[column] + (left && counts[column - 1]) + (right && counts[column + 1]);
      return sum / (1 + left + right);
    }
    let sum = 0;
    let cells = 0;
    const fromX = x > 0 ? -1 : 0;
    const toX = x < width - 1 ? 1 : 0;
    for (let line = place >= width ? -width : 0; line <= width && place + line < kernel; line += width) {
      for (let dx = fromX; dx <= toX && place + line + dx < kernel; dx++) {
        sum += counts[column + line + dx];
        cells++;
      }
    }
    return sum / cells;
  }

  /** The class of a count among so many, against the density: half octaves, 8 where they are the same. */
  #fullness(count: number, of: number): number {
    const ratio = (16 * (count + 2 * this.#density)) / ((of + 2) * this.#density);
    if (ratio < 1) return 0;
    if (ratio >= 192) return 15;
    const octave = log2(ratio);
    return 2 * octave + (2 * ratio >= 3 << octave ? 1 : 0);
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
