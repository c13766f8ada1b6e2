import type { Machine } from "../kernels/machine.ts";
import { share } from "../kernels/share.ts";
import { padded } from "./forms.ts";
import { WORTH_SHARING } from "./matrix.ts";

/** Codes of a tensor as those of a matrix. */
export interface CodePlaces {
  readonly data: Int8Array | Uint8Array;
  readonly rows: number;
  /** Elements of the tensor from the first code of a row to that of the next. */
  readonly step: number;
  /** How far behind the first code of a row each of its columns lies; -1 where there is none, which counts as 0. */
  readonly columns: Int32Array;
  /** What is taken from every code, so that it fits eight bits with a sign. */
  readonly shift: number;
}

/**
 * Weights of eight bits, one byte each, as the kernels read them: in blocks of four rows, in a block pair of columns by
 * pair of columns.
 */
export class CodesMatrix {
  readonly rows: number;
  /** Pairs of columns, each of which reads one element of a pair of planes. */
  readonly columns: number;
  /** Rows that are written: whole blocks. */
  readonly written: number;
  readonly codes: number;
  readonly #machine: Machine;

  /** @param ones true for one more row, of ones alone: it sums up what the others multiply */
  constructor(machine: Machine, { data, rows, step, columns, shift }: CodePlaces, ones = false) {
    const pairs = columns.length / 2;
    this.#machine = machine;
    this.rows = rows + (ones ? 1 : 0);
    this.columns = pairs;
    this.written = padded(this.rows);
    const size = 2 * this.written * pairs;
    this.codes = machine.heap.allocate(size, "weights");
    const to = new Int8Array(machine.heap.buffer, this.codes, size).fill(0);
    for (let row = 0; row < this.rows; row++) {
      const block = (row >> 2) * pairs * 8 + 2 * (row & 3);
      for (let k = 0; k < columns.length; k++) {
        const at = columns[k];
        if (at < 0) continue;
        to[block + (k >> 1) * 8 + (k & 1)] = row < rows ? data[row * step + at] - shift : 1;
      }
    }
  }

  /** Bytes of the codes. */
  get sparseBytes(): number {
    return 2 * this.written * this.columns;
  }

  release(): void {
    this.#machine.heap.release(this.codes);
  }

  /** It has one form for every use. */
  prepare(): void {}

  /**
   * Sums of products of whole numbers: rows of `length` places, a multiple of four, in the output as int32.
   * @param offsets where the table is that says where each pair of planes begins
   * @param input pairs of int16
   */
  correlate(offsets: number, input: number, output: number, length: number): void {
    const worth = length * this.written * this.columns * 2 >= WORTH_SHARING;
    const { codes, columns } = this;
    share(this.#machine, this.written / 4, worth, (from, blocks) => [
      "correlateCodes",
      4 * blocks,
      columns,
      codes + 8 * from * columns,
      offsets,
      input,
      output + 16 * from * length,
      length,
    ]);
  }

  /** The same for one place: the input is int16, one behind the other. */
  multiply(input: number, output: number): void {
    const worth = this.written * this.columns * 2 >= WORTH_SHARING;
    const { codes, columns } = this;
    share(this.#machine, this.written / 4, worth, (from, blocks) => [
      "multiplyCodes",
      4 * blocks,
      columns,
      codes + 8 * from * columns,
      input,
      output + 16 * from,
    ]);
  }
}
