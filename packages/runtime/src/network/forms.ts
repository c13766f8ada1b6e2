import type { Heap } from "../kernels/heap.ts";
import type { Elements } from "./matrix-elements.ts";
import { writeStrips } from "./strips.ts";

/** Compressed lines, rows or columns, in the memory of the kernels. */
export class CompressedForm {
  readonly lines: number;
  readonly strips: number;
  /** Elements of a line that a strip has. */
  readonly width: number;
  /** Elements that are not zero. */
  readonly count: number;
  readonly starts: number;
  readonly indices: number;
  readonly values: number;
  readonly #heap: Heap;
  readonly #order: Elements["order"];

  /**
   * @param order what the lines are
   * @param size lines, and elements of a line, zeros counted
   * @param width at most 65,536, so that an index takes 16 bits
   */
  constructor(
    heap: Heap,
    elements: Elements,
    order: Elements["order"],
    [lines, across]: readonly [number, number],
    width: number,
  ) {
    this.#heap = heap;
    this.#order = order;
    this.lines = lines;
    this.width = width;
    this.strips = Math.max(1, Math.ceil(across / width));
    const room = elements.most;
    this.starts = heap.allocate(4 * this.strips * (lines + 1), "weights");
    this.indices = heap.allocate(2 * room, "weights");
    this.values = heap.allocate(4 * room, "weights");
    const arrays = {
      starts: this.#starts(),
      indices: heap.uint16s(this.indices, room),
      values: heap.floats(this.values, room),
    };
    this.count = writeStrips(elements, order, { lines, width, strips: this.strips }, arrays);
  }

  /** Bytes from the starts of one strip to those of the next. */
  get pitch(): number {
    return 4 * (this.lines + 1);
  }

  /** The line before which a part of the elements lies, about: by what the first strip has of them. */
  lineAt(part: number): number {
    if (part === 1) return this.lines;
    const starts = this.#heap.uint32s(this.starts, this.lines + 1);
    const wanted = starts[0] + part * (starts[this.lines] - starts[0]);
    let [low, high] = [0, this.lines];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** A copy of the elements. */
  elements(): Elements {
    const { lines, strips, width } = this;
    const starts = this.#starts().slice();
    const end = starts.reduce((most, start) => Math.max(most, start), 0);
    const indices = this.#heap.uint16s(this.indices, end).slice();
    const values = this.#heap.floats(this.values, end).slice();
    const order = this.#order;
    return {
      most: this.count,
      order,
      quick: true,
      each(visit) {
        for (let line = 0; line < lines; line++) {
          for (let strip = 0; strip < strips; strip++) {
            const at = strip * (lines + 1) + line;
            for (let k = starts[at]; k < starts[at + 1]; k++) {
              const across = indices[k] + strip * width;
              if (order === "rows") visit(line, across, values[k]);
              else visit(across, line, values[k]);
            }
          }
        }
      },
    };
  }

  release(): void {
    for (const part of [this.starts, this.indices, this.values]) this.#heap.release(part);
  }

  #starts(): Uint32Array {
    return this.#heap.uint32s(this.starts, this.strips * (this.lines + 1));
  }
}

/** All elements, row by row, or in blocks: the elements of four rows side by side. Zeros fill it to a multiple of four. */
export class DenseForm {
  readonly rows: number;
  readonly columns: number;
  readonly blocked: boolean;
  readonly values: number;
  /** Elements that are not zero. */
  readonly count: number;
  readonly #heap: Heap;

  constructor(heap: Heap, elements: Elements, [rows, columns]: readonly [number, number], blocked: boolean) {
    this.#heap = heap;
    this.rows = rows;
    this.columns = columns;
    this.blocked = blocked;
    this.values = heap.allocate(4 * this.#size, "weights");
    const all = heap.floats(this.values, this.#size).fill(0);
    let count = 0;
    elements.each((row, column, value) => {
      all[this.#place(row, column)] = value;
      count++;
    });
    this.count = count;
  }

  /** Elements from one row to the next, where it lies row by row. */
  get width(): number {
    return padded(this.columns);
  }

  /** A copy of the elements. */
  elements(): Elements {
    const all = this.#heap.floats(this.values, this.#size).slice();
    const { rows, columns } = this;
    return {
      most: this.count,
      order: "rows",
      quick: true,
      each: (visit) => {
        for (let row = 0; row < rows; row++) {
          for (let column = 0; column < columns; column++) {
            const value = all[this.#place(row, column)];
            if (value !== 0) visit(row, column, value);
          }
        }
      },
    };
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
