import type { Heap } from "../kernels/heap.ts";
import { type Compressed, compressRows, cutIntoStrips, joinStrips } from "./compressed.ts";

/** Compressed lines, rows or columns, in the memory of the kernels. */
export class CompressedForm {
  readonly lines: number;
  readonly strips: number;
  /** Elements of a line that a strip has. */
  readonly width: number;
  readonly starts: number;
  readonly indices: number;
  readonly values: number;
  readonly #heap: Heap;

  /**
   * @param across elements of a line, zeros counted
   * @param width at most 65,536, so that an index takes 16 bits
   */
  constructor(heap: Heap, elements: Compressed, across: number, width: number) {
    this.#heap = heap;
    this.lines = elements.starts.length - 1;
    this.width = width;
    this.strips = Math.max(1, Math.ceil(across / width));
    const { starts, indices, values } = cutIntoStrips(elements, width, this.strips);
    this.starts = heap.allocate(4 * starts.length, "weights");
    this.indices = heap.allocate(2 * indices.length, "weights");
    this.values = heap.allocate(4 * values.length, "weights");
    heap.uint32s(this.starts, starts.length).set(starts);
    heap.uint16s(this.indices, indices.length).set(indices);
    heap.floats(this.values, values.length).set(values);
  }

  /** Bytes from the starts of one strip to those of the next. */
  get pitch(): number {
    return 4 * (this.lines + 1);
  }

  /** The line before which a part of the elements lies, about: by what the first strip has of them. */
  lineAt(part: number): number {
    if (part === 1) return this.lines;
    const starts = this.#heap.uint32s(this.starts, this.lines + 1);
    let [low, high] = [0, this.lines];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle] < part * starts[this.lines]) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  elements(): Compressed {
    const starts = this.#heap.uint32s(this.starts, this.strips * (this.lines + 1)).slice();
    const count = starts[starts.length - 1];
    const indices = Uint32Array.from(this.#heap.uint16s(this.indices, count));
    return joinStrips(
      { starts, indices, values: this.#heap.floats(this.values, count).slice() },
      this.width,
      this.strips,
    );
  }

  release(): void {
    for (const part of [this.starts, this.indices, this.values]) this.#heap.release(part);
  }
}

/** All elements, row by row, or in blocks: the elements of four rows side by side. Zeros fill it to a multiple of four. */
export class DenseForm {
  readonly rows: number;
  readonly columns: number;
  readonly blocked: boolean;
  readonly values: number;
  readonly #heap: Heap;

  constructor(heap: Heap, { starts, indices, values }: Compressed, columns: number, blocked: boolean) {
    this.#heap = heap;
    this.rows = starts.length - 1;
    this.columns = columns;
    this.blocked = blocked;
    this.values = heap.allocate(4 * this.#size, "weights");
    const all = heap.floats(this.values, this.#size).fill(0);
    for (let row = 0; row < this.rows; row++) {
      for (let k = starts[row]; k < starts[row + 1]; k++) all[this.#place(row, indices[k])] = values[k];
    }
  }

  /** Elements from one row to the next, where it lies row by row. */
  get width(): number {
    return padded(this.columns);
  }

  elements(): Compressed {
    const all = this.#heap.floats(this.values, this.#size);
    const { rows, columns } = this;
    const dense = Float32Array.from(
      { length: rows * columns },
      (_, i) => all[this.#place(Math.floor(i / columns), i % columns)],
    );
    return compressRows(dense, rows, columns);
  }

  release(): void {
    this.#heap.release(this.values);
  }

  get #size(): number {
    return this.blocked ? this.columns * padded(this.rows) : this.width * this.rows;
  }

  #place(row: number, column: number): number {
    return this.blocked ? ((row >> 2) * this.columns + column) * 4 + (row & 3) : row * this.width + column;
  }
}

/** The next multiple of four. */
export const padded = (count: number) => (count + 3) & ~3;
