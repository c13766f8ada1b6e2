import { type BitCoder, log2 } from "./bit-coder.ts";
import { Effects } from "./effects.ts";
import { LONGEST_MAGNITUDE } from "./integers.ts";
import { PLACES } from "./significance.ts";
import { Surroundings } from "./surroundings.ts";
import type { View } from "./view.ts";
import type { WordModel } from "./words.ts";

/** Rows, channels and columns that are told apart; where there are more they count as one. */
const MOST = 4096;
/** Nodes of a magnitude above 0: is it longer than so many bits, then two bits below the first for each length. */
const NODES = 64;
const BELOW = 16;
/** Classes of the magnitude before with the one above. */
const BESIDE = 25;

/**
 * Codes small whole numbers, tensor after tensor: of each whether it is zero, how many bits it has, these bits, the sign.
 * What is learnt of one tensor serves those behind it.
 */
export class NumberModel {
  readonly #zeros = new Effects([
    // Of the tensor: all, the row, the channel, the column, the place with how many of its kernel are not zero.
    { variance: 0.02 },
    { variance: 1 },
    { variance: 0.5 },
    { variance: 0.03 },
    { variance: 0.03 },
    // Which neighbours are not zero; how alive the unit behind is, with how many of the last eight are not zero.
    { contexts: 64, variance: 0.5 },
    { contexts: 72, variance: 0.5 },
    // How many close by are not zero; how full the columns around and the row are.
    { contexts: 13, variance: 0.5 },
    { contexts: 256, variance: 0.1 },
    // By how much fuller than all the row, the column, and the columns near and far around are.
    { contexts: 1, mean: 1, variance: 0.2 },
    { contexts: 1, mean: 0.5, variance: 0.2 },
    { contexts: 1, mean: 0.4, variance: 0.2 },
    { contexts: 1, variance: 0.2 },
  ]);
  readonly #lengths = new Effects([
    // Of the tensor: all, the row, the channel, the place.
    { variance: 1 },
    { variance: 0.3 },
    { variance: 0.3 },
    { variance: 0.1 },
    // The magnitudes before and above; by how much larger than all the row's and the column's are.
    { contexts: BESIDE * NODES, variance: 0.3 },
    { contexts: NODES, mean: 0.7, variance: 0.2 },
    { contexts: NODES, mean: 0.7, variance: 0.05 },
  ]);
  readonly #signs = new Effects([
    // Of the tensor: the row, the channel, the place with the numbers left and up, the place with the one before.
    { variance: 0.1 },
    { variance: 0.3 },
    { variance: 0.3 },
    { variance: 0.03 },
    // The numbers above and before, those left and up, those close by.
    { contexts: 9, variance: 0.03 },
    { contexts: 9, variance: 0.3 },
    { contexts: 7, variance: 0.3 },
  ]);

  /**
   * Codes all numbers of a tensor.
   * @param density the part of them that is not zero, about: 1 where none is zero, 0 where all are
   * @param activity how alive the unit behind each column is
   * @param words codes those that are not zero, where they are words instead
   */
  code(
    coder: BitCoder,
    numbers: Int32Array,
    view: View,
    density: number,
    activity: Uint8Array,
    words?: WordModel,
  ): void {
    if (density === 0) return;
    const { rows, channels, kernel } = view;
    const told = {
      rows: rows <= MOST ? rows : 1,
      channels: channels <= MOST ? channels : 1,
      columns: kernel > 1 && channels * kernel <= MOST ? channels * kernel : 1,
      places: kernel <= PLACES ? kernel : 1,
    };
    this.#zeros.begin([1, told.rows, told.channels, told.columns, 16 * told.places]);
    this.#lengths.begin([NODES, told.rows * NODES, told.channels * NODES, told.places * NODES]);
    this.#signs.begin([told.rows, told.channels, 9 * told.places, 3 * told.places]);
    const bits = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
    const around = new Surroundings(view, numbers);
    const odds = logOf(density / (1 - density));
    for (let t = 0; t < numbers.length; t++, around.next()) {
      const row = told.rows > 1 ? around.row : 0;
      const channel = told.channels > 1 ? around.channel : 0;
      const column = told.columns > 1 ? around.column : 0;
      const place = told.places > 1 ? around.place : 0;
      const { before, above } = around;
      const number = numbers[t];
      around.look();
      if (density < 1) {
        const zeros = this.#zeros;
        const expected = around.row * density;
        const ofRow = ratioOf(around.inRow, around.column * density);
        const near = ratioOf(around.inNear, expected);
        zeros.select(1, row);
        zeros.select(2, channel);
        zeros.select(3, column);
        zeros.select(4, told.places > 1 ? 16 * place + Math.min(15, around.inKernel) : 0);
        zeros.select(5, around.neighbours);
        zeros.select(6, 9 * activity[around.column] + around.recent);
        zeros.select(7, around.close);
        zeros.select(8, 16 * classOf(near) + classOf(ofRow));
        zeros.select(9, 0, ofRow);
        zeros.select(10, 0, ratioOf(around.inColumn, expected));
        zeros.select(11, 0, near);
        zeros.select(12, 0, ratioOf(around.inFar, expected));
        if (!zeros.code(coder, number === 0 ? 0 : 1, odds)) {
          numbers[t] = 0;
          continue;
        }
      }
      if (words) {
        numbers[t] = words.code(coder, bits, t);
        continue;
      }
      const lengths = this.#lengths;
      const mean = (around.allSum + 2) / (around.inAll + 1);
      lengths.select(1, NODES * row);
      lengths.select(2, NODES * channel);
      lengths.select(3, NODES * place);
      lengths.select(4, NODES * (5 * Math.min(4, Math.abs(before)) + Math.min(4, Math.abs(above))));
      lengths.select(5, 0, logOf((around.rowSum / mean + 2) / (around.inRow + 2)));
      lengths.select(6, 0, logOf((around.columnSum / mean + 2) / (around.inColumn + 2)));
      const magnitude = this.#magnitude(coder, Math.abs(number));
      const signs = this.#signs;
      const here = 3 * signOf(around.left) + signOf(around.up);
      signs.select(0, row);
      signs.select(1, channel);
      signs.select(2, 9 * place + here);
      signs.select(3, 3 * place + signOf(before));
      signs.select(4, 3 * signOf(above) + signOf(before));
      signs.select(5, here);
      signs.select(6, 3 + Math.max(-3, Math.min(3, around.leaning)));
      numbers[t] = signs.code(coder, number < 0 ? 1 : 0) ? -magnitude : magnitude;
    }
  }

  /** Codes a magnitude above 0. */
  #magnitude(coder: BitCoder, magnitude: number): number {
    const lengths = this.#lengths;
    const bits = 32 - Math.clz32(magnitude);
    let length = 1;
    while (length < LONGEST_MAGNITUDE && lengths.code(coder, bits > length ? 1 : 0, 0, length)) length++;
    let coded = 1;
    let rest = length - 1;
    for (let node = BELOW + 3 * (length - 2); rest > 0 && coded < 4; rest--) {
      coded = 2 * coded + lengths.code(coder, (magnitude >> (rest - 1)) & 1, 0, node + coded - 1);
    }
    return (coded << rest) | coder.raw(magnitude & ((1 << rest) - 1), rest);
  }
}

/** Classes of densities: 0 where no number is zero, 63 where all are, and quarters of octaves between. */
const LEVELS = 64;

/** The density of a class. */
export function densityOf(level: number): number {
  if (level === 0) return 1;
  if (level === LEVELS - 1) return 0;
  return Math.min(0.99, (8 - ((level - 1) & 3)) / (8 << ((level - 1) >> 2)));
}

/** The class of a density. */
export function densityLevel(density: number): number {
  if (density === 1) return 0;
  if (density === 0) return LEVELS - 1;
  let level = 1;
  while (level < LEVELS - 2 && densityOf(level + 1) >= density) level++;
  return level;
}

/** About the natural logarithm, of 2 as 9 / 13, by a straight line between powers of two: the same on every machine. */
function logOf(ratio: number): number {
  const scaled = Math.max(1, Math.min(0x3fffffff, Math.floor(ratio * 0x100000)));
  const octave = log2(scaled);
  return ((octave - 21 + scaled / (1 << octave)) * 9) / 13;
}

/** By how much more are not zero than is expected, as a logarithm; each weighs one more than it is. */
function ratioOf(count: number, expected: number): number {
  return logOf((count + 1) / (expected + 1));
}

/** The class of such a logarithm: half octaves, 8 where it is 0. */
function classOf(ratio: number): number {
  return Math.max(0, Math.min(15, Math.floor(8 + ratio * HALVES)));
}

/** Half octaves in a natural logarithm of 1. */
const HALVES = 2.885;

/** 0, 1 above it and 2 below. */
function signOf(number: number): number {
  return number > 0 ? 1 : number < 0 ? 2 : 0;
}
