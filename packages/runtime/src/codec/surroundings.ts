import { LEFT, neighboursIn, UP, UP_LEFT, UP_RIGHT, type View } from "./view.ts";

/** Beside the neighbours in the kernel: the same place in the channel before, and in the row before. */
const CHANNEL = 16;
const ROW = 32;

/** What is known of the numbers around one, when it is its turn, of a tensor that is coded row after row. */
export class Surroundings {
  readonly #view: View;
  readonly #numbers: Int32Array;
  readonly #neighbours: Uint8Array;
  /** Of each column: how many are not zero, the sum of their magnitudes, how many are not zero of it and those around. */
  readonly #counts: Uint32Array;
  readonly #sums: Float64Array;
  readonly #near: Uint32Array;
  readonly #far: Uint32Array;
  /** How many columns are around. */
  readonly #columnsNear: Uint8Array;
  readonly #columnsFar: Uint8Array;
  /** Whether the last eight at each place of this row were zero. */
  readonly #history: Uint8Array;
  t = 0;
  row = 0;
  channel = 0;
  place = 0;
  column = 0;
  /** How many of the row and of the kernel are not zero yet, of the whole tensor, and the sums of their magnitudes. */
  inRow = 0;
  inKernel = 0;
  inAll = 0;
  rowSum = 0;
  allSum = 0;
  /** How many of the twelve before it in the kernel are not zero, and how many more are above zero than below. */
  close = 0;
  leaning = 0;

  constructor(view: View, numbers: Int32Array) {
    const { channels, kernel } = view;
    const columns = channels * kernel;
    this.#view = view;
    this.#numbers = numbers;
    this.#neighbours = neighboursIn(view);
    this.#counts = new Uint32Array(columns);
    this.#sums = new Float64Array(columns);
    this.#near = new Uint32Array(columns);
    this.#columnsNear = new Uint8Array(columns);
    this.#far = new Uint32Array(columns);
    this.#columnsFar = new Uint8Array(columns);
    this.#history = new Uint8Array(kernel);
    for (let column = 0; column < columns; column++) {
      this.#addNear(column, column % kernel, this.#columnsNear, 1);
      this.#addNear(column, column % kernel, this.#columnsFar, 3);
    }
  }

  /** Goes on to the next number. */
  next(): void {
    const { channels, kernel } = this.#view;
    const number = this.#numbers[this.t];
    const present = number === 0 ? 0 : 1;
    this.#history[this.place] = (this.#history[this.place] << 1) | present;
    if (present) {
      const magnitude = Math.abs(number);
      this.inRow++;
      this.inKernel++;
      this.inAll++;
      this.rowSum += magnitude;
      this.allSum += magnitude;
      this.#counts[this.column]++;
      this.#sums[this.column] += magnitude;
      this.#addNear(this.column, this.place, this.#near, 1);
      this.#addNear(this.column, this.place, this.#far, 3);
    }
    this.t++;
    this.column++;
    if (++this.place < kernel) return;
    this.place = 0;
    this.inKernel = 0;
    if (++this.channel < channels) return;
    this.channel = 0;
    this.column = 0;
    this.row++;
    this.inRow = 0;
    this.rowSum = 0;
    this.#history.fill(0);
  }

  /** The number at the same place of the channel before, and of the row before. */
  get before(): number {
    return this.channel > 0 ? this.#numbers[this.t - this.#view.kernel] : 0;
  }

  get above(): number {
    return this.row > 0 ? this.#numbers[this.t - this.#view.channels * this.#view.kernel] : 0;
  }

  /** The number left of it in the line of the kernel, and the one above it in the kernel. */
  get left(): number {
    return this.#neighbours[this.place] & LEFT ? this.#numbers[this.t - 1] : 0;
  }

  get up(): number {
    return this.#neighbours[this.place] & UP ? this.#numbers[this.t - this.#view.width] : 0;
  }

  /** Which numbers beside it are not zero. */
  get neighbours(): number {
    const { width } = this.#view;
    const numbers = this.#numbers;
    const { t } = this;
    const known = this.#neighbours[this.place];
    return (
      (known & LEFT && numbers[t - 1] !== 0 ? LEFT : 0) |
      (known & UP && numbers[t - width] !== 0 ? UP : 0) |
      (known & UP_LEFT && numbers[t - width - 1] !== 0 ? UP_LEFT : 0) |
      (known & UP_RIGHT && numbers[t - width + 1] !== 0 ? UP_RIGHT : 0) |
      (this.before !== 0 ? CHANNEL : 0) |
      (this.above !== 0 ? ROW : 0)
    );
  }

  /** How many of the last eight at this place of the row are not zero. */
  get recent(): number {
    const byte = this.#history[this.place];
    const pairs = byte - ((byte >> 1) & 0x55);
    const nibbles = (pairs & 0x33) + ((pairs >> 2) & 0x33);
    return (nibbles + (nibbles >> 4)) & 15;
  }

  /** How many of its column are not zero, the sum of their magnitudes, the mean count of columns near, and up to three away. */
  get inColumn(): number {
    return this.#counts[this.column];
  }

  get columnSum(): number {
    return this.#sums[this.column];
  }

  get inNear(): number {
    return this.#near[this.column] / this.#columnsNear[this.column];
  }

  get inFar(): number {
    return this.#far[this.column] / this.#columnsFar[this.column];
  }

  /** Looks at the twelve numbers before it in the kernel, up to two places away: {@link close} and {@link leaning}. */
  look(): void {
    this.close = 0;
    this.leaning = 0;
    const { kernel, width } = this.#view;
    if (kernel === 1) return;
    const numbers = this.#numbers;
    const { t, place } = this;
    const x = place % width;
    const left = Math.min(2, x);
    const right = Math.min(2, width - 1 - x);
    for (let line = 0; line <= 2 && line * width <= place; line++) {
      const to = line === 0 ? -1 : right;
      for (let dx = -left; dx <= to; dx++) {
        const number = numbers[t - line * width + dx];
        if (number === 0) continue;
        this.close++;
        this.leaning += number > 0 ? 1 : -1;
      }
    }
  }

  /** Adds 1 to the columns up to so far around one in the kernel, or beside it where kernels have one element. */
  #addNear(column: number, place: number, counts: Uint32Array | Uint8Array, reach: number): void {
    const { kernel, width, channels } = this.#view;
    if (kernel === 1) {
      const from = Math.max(0, column - reach);
      const to = Math.min(channels - 1, column + reach);
      for (let x = from; x <= to; x++) counts[x]++;
      return;
    }
    const x = place % width;
    const fromX = -Math.min(reach, x);
    const toX = Math.min(reach, width - 1 - x);
    for (let line = -reach; line <= reach; line++) {
      const start = place + line * width;
      if (start < 0 || start >= kernel) continue;
      for (let dx = fromX; dx <= toX; dx++) counts[column + line * width + dx]++;
    }
  }
}
