import type { Machine } from "../kernels/machine.ts";
import { share } from "../kernels/share.ts";
import { type CodePlaces, CodesMatrix } from "./codes-matrix.ts";
import { padded } from "./forms.ts";
import { WORTH_SHARING } from "./matrix.ts";

/** Columns that share a scale, and the scale of each row for them. */
export interface Scales {
  /** Groups of columns, of equal length, a multiple of four, which fill the columns of the codes. */
  readonly groups: number;
  of(row: number, group: number): number;
}

/** Bytes that floats of codes take at a time: they stay in a second-level cache. */
const SPREAD = 2 ** 18;

/**
 * Weights of eight bits with scales, multiplied by floats: what lies in memory are the codes. For one sample they become
 * floats as they are read; for many a few rows do at a time, which the kernel of dense weights then takes, which is
 * nothing beside the products.
 */
export class ScaledMatrix {
  readonly rows: number;
  readonly columns: number;
  /** Elements of an input that {@link multiply} reads: those behind the columns must be 0. */
  readonly reads: number;
  readonly #machine: Machine;
  readonly #codes: CodesMatrix;
  readonly #groups: number;
  readonly #scales: number;
  readonly #bias: number;

  /** @param columns of the matrix: the last ones of the codes may be none */
  constructor(machine: Machine, codes: CodePlaces, columns: number, { groups, of }: Scales, bias?: Float32Array) {
    const { heap } = machine;
    this.#machine = machine;
    this.#codes = new CodesMatrix(machine, codes);
    this.#groups = groups;
    this.rows = codes.rows;
    this.columns = columns;
    this.reads = codes.columns.length;
    const written = padded(this.rows);
    this.#scales = heap.allocate(4 * written * groups, "weights");
    this.#bias = heap.allocate(4 * written, "weights");
    const scales = heap.floats(this.#scales, written * groups).fill(0);
    for (let row = 0; row < this.rows; row++) {
      for (let group = 0; group < groups; group++) {
        scales[((row >> 2) * groups + group) * 4 + (row & 3)] = of(row, group);
      }
    }
    const biases = heap.floats(this.#bias, written).fill(0);
    if (bias) biases.set(bias);
  }

  get written(): number {
    return this.#codes.written;
  }

  get sparseBytes(): number {
    return this.#codes.sparseBytes + 4 * this.written * (this.#groups + 1);
  }

  release(): void {
    this.#codes.release();
    for (const part of [this.#scales, this.#bias]) this.#machine.heap.release(part);
  }

  /** It has one form for every use. */
  prepare(): void {}

  /** y = W x + b of a vector, at least `floor`. */
  multiply(input: number, output: number, floor: number): void {
    const { rows } = this;
    const [groups, pairs, codes] = [this.#groups, this.#codes.columns / this.#groups, this.#codes.codes];
    const worth = rows * this.reads >= WORTH_SHARING;
    share(this.#machine, padded(rows) / 4, worth, (from, blocks) => [
      "multiplyScaled",
      Math.min(4 * blocks, rows - 4 * from),
      groups,
      pairs,
      codes + 4 * from * this.reads,
      this.#scales + 16 * from * groups,
      this.#bias + 16 * from,
      input,
      output + 16 * from,
      floor,
    ]);
  }

  /** y[r][p] = sum over c of W[r][c] x[offsets[c] + p] + b[r], at least `floor`, p up to `length`, a multiple of four. */
  correlate(offsets: number, input: number, output: number, length: number, floor: number): void {
    const { columns, written } = this;
    const [groups, pairs] = [this.#groups, this.#codes.columns / this.#groups];
    const blockBytes = 16 * columns;
    const most = Math.max(1, Math.floor(SPREAD / blockBytes));
    const room = roomOf(this.#machine, most * blockBytes);
    for (let first = 0; first < written / 4; first += most) {
      const blocks = Math.min(most, written / 4 - first);
      const worth = 4 * blocks * columns * length >= WORTH_SHARING;
      share(this.#machine, blocks, worth, (from, count) => [
        "spreadCodes",
        4 * count,
        columns,
        groups,
        pairs,
        this.#codes.codes + 4 * (first + from) * this.reads,
        this.#scales + 16 * (first + from) * groups,
        room + from * blockBytes,
      ]);
      share(this.#machine, blocks, worth, (from, count) => [
        "correlateDense",
        4 * count,
        columns,
        room + from * blockBytes,
        this.#bias + 16 * (first + from),
        offsets,
        input,
        output + 16 * (first + from) * length,
        length,
        floor,
      ]);
    }
  }
}

interface Room {
  readonly at: number;
  readonly bytes: number;
}

/** Layers run one behind the other: all of a machine use one room. */
const rooms = new WeakMap<Machine, Room>();

function roomOf(machine: Machine, bytes: number): number {
  const known = rooms.get(machine);
  if (known && known.bytes >= bytes) return known.at;
  if (known) machine.heap.release(known.at);
  const room = { at: machine.heap.allocate(bytes, "activations"), bytes };
  rooms.set(machine, room);
  return room.at;
}
