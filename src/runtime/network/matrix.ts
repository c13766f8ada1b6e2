import { type Call, invoke } from "../kernels/crew.ts";
import type { Machine } from "../kernels/machine.ts";
import { type Compressed, compressRows, transposed } from "./compressed.ts";

/**
 * How a matrix lies in memory: compressed by rows or by columns, or dense, row by row or with the elements of four rows
 * side by side.
 */
type Form = "rows" | "columns" | "dense" | "blocks";

/** What a matrix is multiplied by. */
export type Use = "vector" | "sparse-vector" | "matrix";

/**
 * A form is taken where it is the quickest: measured by `npm run bench -- sparse`. Below these densities compressed
 * rows beat dense ones on a vector and on a matrix, and columns, where many inputs are zero, beat both.
 */
const ROWS_ON_VECTOR = 0.4;
const COLUMNS_ON_VECTOR = 0.7;
const ROWS_ON_MATRIX = 0.52;
/** Products below which a layer stays on one thread: waking the others takes some microseconds. */
const WORTH_SHARING = 100_000;
/** Indices up to here take 16 bits. */
const SHORT = 2 ** 16;

/**
 * A layer's weights, [rows, columns] with a bias for each row, in the form that suits what they are multiplied by: it
 * must be prepared for that.
 */
export class Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly nonzero: number;
  readonly #machine: Machine;
  readonly #bias: number;
  /** The weights as they came, until they are brought into a form. */
  #loose?: Compressed;
  #form?: Form;
  /** Where starts, indices and values are; a dense form has only values. */
  #parts: readonly [starts: number, indices: number, values: number] = [0, 0, 0];

  constructor(machine: Machine, rows: number, columns: number, elements: Compressed, bias?: Float32Array) {
    this.rows = rows;
    this.columns = columns;
    this.nonzero = elements.values.length;
    this.#machine = machine;
    const { heap } = machine;
    this.#bias = heap.allocate(4 * padded(rows), "weights");
    const biases = heap.floats(this.#bias, padded(rows)).fill(0);
    if (bias) biases.set(bias);
    this.#loose = elements;
  }

  /** Bytes of its positions and values, as the kernels read them: an index and a float32 for each weight that is not
   * zero, for each row where its weights begin and its bias. */
  get sparseBytes(): number {
    const index = this.columns <= SHORT ? 2 : 4;
    return (index + 4) * this.nonzero + 4 * (this.rows + 1) + 4 * this.rows;
  }

  get #density(): number {
    return this.nonzero / (this.rows * this.columns);
  }

  /** Brings the weights into the form that is quickest for a use. */
  prepare(use: Use): void {
    const form = this.#formFor(use);
    if (form === this.#form) return;
    const elements = this.#loose ?? this.#elements();
    this.#loose = undefined;
    for (const part of this.#parts) this.#machine.heap.release(part);
    this.#store(form, elements);
  }

  #formFor(use: Use): Form {
    const density = this.#density;
    if (use === "matrix") return density < ROWS_ON_MATRIX ? "rows" : "blocks";
    const alone = this.#machine.crew === undefined;
    // Threads share a product by its rows.
    if (use === "sparse-vector" && density < COLUMNS_ON_VECTOR && this.rows <= SHORT && alone) return "columns";
    return density < ROWS_ON_VECTOR ? "rows" : "dense";
  }

  /** y = W x + b of a vector, at least `floor`. The input has room up to a multiple of four, which holds zeros. */
  multiply(input: number, output: number, floor: number): void {
    const { heap, kernels } = this.#machine;
    const [starts, indices, values] = this.#parts;
    if (this.#form === "columns") {
      const result = heap.floats(output, this.rows);
      result.set(heap.floats(this.#bias, this.rows));
      kernels.scatter16(this.columns, starts, indices, values, input, output);
      if (floor === 0) for (let i = 0; i < result.length; i++) if (result[i] < 0) result[i] = 0;
      return;
    }
    const gather = this.columns <= SHORT ? "gather16" : "gather32";
    const width = padded(this.columns);
    this.#share(1, (from, rows) => {
      const [bias, y] = [this.#bias + 4 * from, output + 4 * from];
      return this.#form === "dense"
        ? ["multiply", rows, width, values + 4 * from * width, bias, input, y, floor]
        : [gather, rows, starts + 4 * from, indices, values, bias, input, y, floor];
    });
  }

  /** Rows that {@link correlate} writes: the dense form does four at a time. */
  get written(): number {
    return this.#form === "blocks" ? padded(this.rows) : this.rows;
  }

  /**
   * y[r][p] = sum over c of W[r][c] x[offsets[c] + p] + b[r], at least `floor`, p up to `length`, a multiple of four.
   * @param offsets where the table of offsets in bytes is, one for each column
   */
  correlate(offsets: number, input: number, output: number, length: number, floor: number): void {
    const [starts, indices, values] = this.#parts;
    const correlate = this.columns <= SHORT ? "correlate16" : "correlate32";
    this.#share(length, (from, rows) => {
      const [bias, y] = [this.#bias + 4 * from, output + 4 * from * length];
      const weights = values + 4 * from * this.columns;
      return this.#form === "blocks"
        ? ["correlateDense", rows, this.columns, weights, bias, offsets, input, y, length, floor]
        : [correlate, rows, starts + 4 * from, indices, values, bias, offsets, input, y, length, floor];
    });
  }

  /**
   * Runs a kernel for all rows: each thread some, where that is worth it.
   * @param length products of each weight
   */
  #share(length: number, call: (from: number, rows: number) => Call): void {
    const { crew, kernels } = this.#machine;
    const rows = this.#form === "blocks" ? padded(this.rows) : this.rows;
    if (!crew || length * this.nonzero < WORTH_SHARING) {
      invoke(kernels, call(0, rows));
      return;
    }
    const cuts = Array.from({ length: crew.size + 1 }, (_, i) => this.#cut(i / crew.size, rows));
    crew.run(Array.from({ length: crew.size }, (_, i) => call(cuts[i], cuts[i + 1] - cuts[i])));
  }

  /** The row before which a part of the weights lies. */
  #cut(part: number, rows: number): number {
    if (this.#form !== "rows") return Math.min(rows, 4 * Math.round((part * rows) / 4));
    const starts = this.#machine.heap.uint32s(this.#parts[0], rows + 1);
    let [low, high] = [0, rows];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle] < part * this.nonzero) low = middle + 1;
      else high = middle;
    }
    return part === 1 ? rows : low;
  }

  #store(form: Form, elements: Compressed): void {
    this.#form = form;
    if (form === "rows" || form === "columns") {
      const { starts, indices, values } = form === "rows" ? elements : transposed(elements, this.rows, this.columns);
      const { heap } = this.#machine;
      const short = (form === "rows" ? this.columns : this.rows) <= SHORT;
      this.#parts = [
        heap.allocate(4 * starts.length, "weights"),
        heap.allocate((short ? 2 : 4) * indices.length, "weights"),
        heap.allocate(4 * values.length, "weights"),
      ];
      heap.uint32s(this.#parts[0], starts.length).set(starts);
      const view = short ? heap.uint16s(this.#parts[1], indices.length) : heap.uint32s(this.#parts[1], indices.length);
      view.set(indices);
      heap.floats(this.#parts[2], values.length).set(values);
    } else this.#storeDense(form, elements);
  }

  #storeDense(form: "dense" | "blocks", { starts, indices, values }: Compressed): void {
    const { heap } = this.#machine;
    const [width, height] = this.#extent(form);
    this.#parts = [0, 0, heap.allocate(4 * width * height, "weights")];
    const all = heap.floats(this.#parts[2], width * height).fill(0);
    for (let row = 0; row < this.rows; row++) {
      for (let k = starts[row]; k < starts[row + 1]; k++) all[place(form, width, row, indices[k])] = values[k];
    }
  }

  /** Columns and rows of a dense form, with those that only fill it up to a multiple of four. */
  #extent(form: "dense" | "blocks"): readonly [width: number, height: number] {
    return form === "dense" ? [padded(this.columns), this.rows] : [this.columns, padded(this.rows)];
  }

  #elements(): Compressed {
    const { heap } = this.#machine;
    if (this.#form === "dense" || this.#form === "blocks") {
      const form = this.#form;
      const [width, height] = this.#extent(form);
      const all = heap.floats(this.#parts[2], width * height);
      const rows = new Float32Array(this.rows * this.columns);
      for (let i = 0; i < rows.length; i++) {
        rows[i] = all[place(form, width, Math.floor(i / this.columns), i % this.columns)];
      }
      return compressRows(rows, this.rows, this.columns);
    }
    const lines = this.#form === "rows" ? this.rows : this.columns;
    const short = (this.#form === "rows" ? this.columns : this.rows) <= SHORT;
    const starts = heap.uint32s(this.#parts[0], lines + 1).slice();
    const count = starts[lines];
    const view = short ? heap.uint16s(this.#parts[1], count) : heap.uint32s(this.#parts[1], count);
    const elements = { starts, indices: Uint32Array.from(view), values: heap.floats(this.#parts[2], count).slice() };
    return this.#form === "rows" ? elements : transposed(elements, this.columns, this.rows);
  }
}

/** The next multiple of four. */
export const padded = (count: number) => (count + 3) & ~3;

function place(form: "dense" | "blocks", width: number, row: number, column: number): number {
  return form === "dense" ? row * width + column : ((row >> 2) * width + column) * 4 + (row & 3);
}
