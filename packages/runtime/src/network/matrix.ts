import { type Call, invoke } from "../kernels/crew.ts";
import type { Machine } from "../kernels/machine.ts";
import { type Compressed, transposed } from "./compressed.ts";
import { CompressedForm, DenseForm, padded } from "./forms.ts";

/** How a matrix lies in memory. */
type Stored =
  | { readonly kind: "loose"; readonly form: { elements(): Compressed; release(): void } }
  | { readonly kind: "rows" | "columns"; readonly form: CompressedForm }
  | { readonly kind: "dense" | "blocks"; readonly form: DenseForm };

/** What a matrix is multiplied by. */
export type Use = "vector" | "sparse-vector" | "matrix";

/**
 * A form is taken where it is the quickest: measured by `npm run bench -- sparse`. Below these densities compressed rows
 * beat dense ones on a vector, and columns beat both where half of the inputs are zero; there, dense weights that have to
 * come from memory are slower than those that stay in a cache.
 */
const ON_VECTOR = {
  cached: { rows: 0.3, columns: 0.35 },
  streamed: { rows: 0.55, columns: 0.15 },
};
/** Dense bytes that stay in a cache. */
const STREAMED = 2 ** 23;
/** The density below which compressed rows beat dense ones on a matrix. */
const ROWS_ON_MATRIX = 0.66;
/** Elements of an output that the kernels make at once where they can. */
export const TILE = 28;
/** Products below which a layer stays on one thread: waking the others takes some microseconds. */
const WORTH_SHARING = 100_000;
/** Elements of a line whose indices take 16 bits. */
const WIDEST = 2 ** 16;
/** Bytes of the input that a strip reads: most of them stay in a first-level cache of 32 or 48 kB. */
const CACHED = 20_000;
/** Weights that a row has of a strip, on average: with fewer it costs too much to begin it. */
const WORTH_BEGINNING = 16;

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
  #stored: Stored;

  constructor(machine: Machine, rows: number, columns: number, elements: Compressed, bias?: Float32Array) {
    this.rows = rows;
    this.columns = columns;
    this.nonzero = elements.values.length;
    this.#machine = machine;
    const { heap } = machine;
    this.#bias = heap.allocate(4 * padded(rows), "weights");
    const biases = heap.floats(this.#bias, padded(rows)).fill(0);
    if (bias) biases.set(bias);
    this.#stored = { kind: "loose", form: { elements: () => elements, release: () => {} } };
  }

  /** Bytes of its positions and values, as the kernels read them: an index and a float32 for each weight that is not
   * zero, for each row where its weights begin and its bias. */
  get sparseBytes(): number {
    return 6 * this.nonzero + 4 * (this.rows + 1) + 4 * this.rows;
  }

  /** Gives back its memory. */
  release(): void {
    this.#stored.form.release();
    this.#machine.heap.release(this.#bias);
  }

  /**
   * Brings the weights into the form that is quickest for a use.
   * @param reach bytes of the input that one column is multiplied by before the next one is
   */
  prepare(use: Use, reach = 4): void {
    const kind = this.#kindFor(use);
    const width = kind === "rows" ? this.#stripFor(reach) : this.rows;
    const { kind: now, form } = this.#stored;
    if (now === kind && (now !== "rows" || form.width === width)) return;
    const lines = form.elements();
    const elements = now === "columns" ? transposed(lines, this.columns, this.rows) : lines;
    form.release();
    this.#stored = this.#store(kind, elements, width);
  }

  #kindFor(use: Use): "rows" | "columns" | "dense" | "blocks" {
    const density = this.nonzero / (this.rows * this.columns);
    if (use === "matrix") return density < ROWS_ON_MATRIX ? "rows" : "blocks";
    const below = 4 * this.rows * this.columns > STREAMED ? ON_VECTOR.streamed : ON_VECTOR.cached;
    const alone = this.#machine.crew === undefined;
    // Threads share a product by its rows.
    if (use === "sparse-vector" && density < below.columns && this.rows <= WIDEST && alone) return "columns";
    return density < below.rows ? "rows" : "dense";
  }

  /** Columns of a strip. */
  #stripFor(reach: number): number {
    const wanted = Math.ceil((reach * this.columns) / CACHED);
    const strips = Math.min(wanted, Math.floor(this.nonzero / (WORTH_BEGINNING * this.rows))) || 1;
    return Math.max(1, Math.min(WIDEST, Math.ceil(this.columns / strips)));
  }

  #store(kind: "rows" | "columns" | "dense" | "blocks", elements: Compressed, width: number): Stored {
    const { heap } = this.#machine;
    if (kind === "rows") return { kind, form: new CompressedForm(heap, elements, this.columns, width) };
    if (kind !== "columns") return { kind, form: new DenseForm(heap, elements, this.columns, kind === "blocks") };
    return { kind, form: new CompressedForm(heap, transposed(elements, this.rows, this.columns), this.rows, width) };
  }

  /** y = W x + b of a vector, at least `floor`. The input has room up to a multiple of four, which holds zeros. */
  multiply(input: number, output: number, floor: number): void {
    const stored = this.#stored;
    if (stored.kind === "columns") this.#scatter(stored.form, input, output, floor);
    else if (stored.kind === "dense") {
      const { width, values } = stored.form;
      this.#share(1, this.rows, (from, rows) => {
        const [weights, bias, y] = [values + 4 * from * width, this.#bias + 4 * from, output + 4 * from];
        return ["multiply", rows, width, weights, bias, input, y, floor];
      });
    } else if (stored.kind === "rows") {
      const { strips, pitch, width, starts, indices, values } = stored.form;
      this.#share(1, this.rows, (from, rows) => {
        const [own, bias, y] = [starts + 4 * from, this.#bias + 4 * from, output + 4 * from];
        return ["gather", rows, strips, pitch, width, own, indices, values, bias, input, y, floor];
      });
    }
  }

  #scatter({ starts, indices, values }: CompressedForm, input: number, output: number, floor: number): void {
    const { heap, kernels } = this.#machine;
    const result = heap.floats(output, this.rows);
    result.set(heap.floats(this.#bias, this.rows));
    kernels.scatter(this.columns, starts, indices, values, input, output);
    if (floor === 0) for (let i = 0; i < result.length; i++) if (result[i] < 0) result[i] = 0;
  }

  /** Rows that {@link correlate} writes: the dense form does four at a time. */
  get written(): number {
    return this.#stored.kind === "blocks" ? padded(this.rows) : this.rows;
  }

  /**
   * y[r][p] = sum over c of W[r][c] x[offsets[c] + p] + b[r], at least `floor`, p up to `length`, a multiple of four.
   * @param offsets where the table of offsets in bytes is, one for each column
   */
  correlate(offsets: number, input: number, output: number, length: number, floor: number): void {
    const stored = this.#stored;
    if (stored.kind === "blocks") {
      const { columns, values } = stored.form;
      this.#share(length, this.written, (from, rows) => {
        const [weights, bias, y] = [values + 4 * from * columns, this.#bias + 4 * from, output + 4 * from * length];
        return ["correlateDense", rows, columns, weights, bias, offsets, input, y, length, floor];
      });
    } else if (stored.kind === "rows") {
      const { strips, pitch, width, starts, indices, values } = stored.form;
      this.#share(length, this.rows, (from, rows) => {
        const [own, bias, y] = [starts + 4 * from, this.#bias + 4 * from, output + 4 * from * length];
        return ["correlate", rows, strips, pitch, width, own, indices, values, bias, offsets, input, y, length, floor];
      });
    }
  }

  /**
   * Runs a kernel for all rows: each thread some, where that is worth it.
   * @param length products of each weight
   */
  #share(length: number, rows: number, call: (from: number, rows: number) => Call): void {
    const { crew, kernels } = this.#machine;
    if (!crew || length * this.nonzero < WORTH_SHARING) {
      invoke(kernels, call(0, rows));
      return;
    }
    const cuts = Array.from({ length: crew.size + 1 }, (_, i) => this.#cut(i / crew.size, rows));
    crew.run(Array.from({ length: crew.size }, (_, i) => call(cuts[i], cuts[i + 1] - cuts[i])));
  }

  /** The row before which a part of the weights lies. */
  #cut(part: number, rows: number): number {
    const { kind, form } = this.#stored;
    return kind === "rows" ? form.lineAt(part) : Math.min(rows, 4 * Math.round((part * rows) / 4));
  }
}
