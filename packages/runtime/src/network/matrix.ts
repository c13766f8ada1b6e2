import type { Call } from "../kernels/crew.ts";
import type { Machine } from "../kernels/machine.ts";
import { share } from "../kernels/share.ts";
import { CompressedForm, DenseForm, padded } from "./forms.ts";
import type { Elements } from "./matrix-elements.ts";

/** How a matrix lies in memory. */
type Stored =
  | { readonly kind: "loose"; readonly elements: Elements; readonly bias: (() => Float32Array) | undefined }
  | { readonly kind: "rows" | "columns"; readonly form: CompressedForm }
  | { readonly kind: "dense" | "blocks"; readonly form: DenseForm };

type Kind = "rows" | "columns" | "dense" | "blocks";

/** What a matrix is multiplied by. */
export type Use = "vector" | "sparse-vector" | "matrix" | "planes";

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
/**
 * Products below which a layer stays on one thread. `npm run bench -- threads` says what sharing costs: 10 to 40
 * microseconds where other programs want both processors, in which a dense layer does about so many products.
 */
export const WORTH_SHARING = 400_000;
/** Elements of a line whose indices take 16 bits. */
const WIDEST = 2 ** 16;
/** Bytes of the input that a strip reads: most of them stay in a first-level cache of 32 or 48 kB. */
const CACHED = 20_000;
/** Weights that a row has of a strip, on average: with fewer it costs too much to begin it. */
const WORTH_BEGINNING = 16;

/** Weights that are multiplied, in whatever form they lie. */
export interface Multiplier {
  readonly rows: number;
  readonly columns: number;
  /** Rows that `correlate` writes. */
  readonly written: number;
  prepare(use: Use, reach?: number): void;
  correlate(offsets: number, input: number, output: number, length: number, floor: number): void;
}

/** The same for vectors too. */
export interface VectorMultiplier extends Multiplier {
  /** Elements of a vector that are read: those behind the columns must be 0. */
  readonly reads: number;
  multiply(input: number, output: number, floor: number): void;
}

/** An image where it lies, of elements of four bytes. */
export interface Laid {
  readonly at: number;
  /** Samples, planes, and their axes. */
  readonly dims: readonly number[];
}

/** What a node keeps in memory. */
export interface Held {
  /** Bytes that it takes at least. */
  readonly sparseBytes: number;
  release(): void;
}

/** How a plane is read, and laid out for that: in elements, and bytes for what is a pitch or a size. */
export interface Plane {
  readonly height: number;
  readonly width: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly phases: number;
  readonly phasePitch: number;
  readonly rowPitch: number;
  readonly step: number;
  readonly size: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly taps: number;
  readonly offsets: number;
}

/**
 * A layer's weights, [rows, columns] with a bias for each row, in the form that suits what they are multiplied by: it
 * must be prepared for that.
 */
export class Matrix implements VectorMultiplier, Held {
  readonly rows: number;
  readonly columns: number;
  readonly #machine: Machine;
  #bias = 0;
  #nonzero: number;
  #stored: Stored;

  /** @param bias gives the biases, after the elements: so they may be decoded in the order of a file */
  constructor(machine: Machine, rows: number, columns: number, elements: Elements, bias?: () => Float32Array) {
    this.rows = rows;
    this.columns = columns;
    this.#nonzero = elements.most;
    this.#machine = machine;
    this.#stored = { kind: "loose", elements, bias };
  }

  /** Elements that are not zero; before they are in a form, at most. */
  get nonzero(): number {
    return this.#nonzero;
  }

  /** Bytes of its positions and values, as the kernels read them: an index and a float32 for each weight that is not
   * zero, for each row where its weights begin and its bias. */
  get sparseBytes(): number {
    return 6 * this.nonzero + 4 * (this.rows + 1) + 4 * this.rows;
  }

  /** Elements of a vector that {@link multiply} reads. */
  get reads(): number {
    return padded(this.columns);
  }

  /** Gives back its memory. */
  release(): void {
    if (this.#stored.kind === "loose") return;
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
    const stored = this.#stored;
    if (stored.kind === kind && (stored.kind !== "rows" || stored.form.width === width)) return;
    if (stored.kind === "loose") {
      this.#stored = this.#store(kind, stored.elements, width);
      this.#placeBiases(stored.bias);
    } else {
      const elements = stored.form.elements();
      stored.form.release();
      this.#stored = this.#store(kind, elements, width);
    }
  }

  #placeBiases(bias: (() => Float32Array) | undefined): void {
    const { heap } = this.#machine;
    this.#bias = heap.allocate(4 * padded(this.rows), "weights");
    const biases = heap.floats(this.#bias, padded(this.rows)).fill(0);
    if (bias) biases.set(bias());
  }

  #kindFor(use: Use): Kind {
    const density = this.nonzero / (this.rows * this.columns);
    if (use === "planes") return "dense";
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

  #store(kind: Kind, elements: Elements, width: number): Stored {
    const stored = this.#storedAs(kind, elements, width);
    this.#nonzero = stored.form.count;
    return stored;
  }

  #storedAs(kind: Kind, elements: Elements, width: number): Exclude<Stored, { readonly kind: "loose" }> {
    const { heap } = this.#machine;
    const { rows, columns } = this;
    if (kind === "rows") return { kind, form: new CompressedForm(heap, elements, kind, [rows, columns], width) };
    if (kind === "columns") return { kind, form: new CompressedForm(heap, elements, kind, [columns, rows], width) };
    return { kind, form: new DenseForm(heap, elements, [rows, columns], kind === "blocks") };
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

  /** Convolves planes, each with a row of weights of its own, whose elements are as many as the taps. */
  filterPlanes(plane: Plane, scratch: number, input: number, output: number, floor: number): void {
    const stored = this.#stored;
    if (stored.kind !== "dense") throw new Error("Weights are not prepared for planes.");
    const { width, values } = stored.form;
    const { height, outHeight, outWidth, phases, phasePitch, rowPitch, step, size, padTop, padLeft, taps } = plane;
    const [before, after] = [4 * height * plane.width, 4 * outHeight * outWidth];
    const worth = this.rows * outHeight * outWidth * taps >= WORTH_SHARING;
    share(this.#machine, this.rows, worth, (from, count, part) => [
      "depthwise",
      count,
      input + from * before,
      output + from * after,
      scratch && scratch + part * size,
      height,
      plane.width,
      outHeight,
      outWidth,
      phases,
      phasePitch,
      rowPitch,
      step,
      size,
      padTop,
      padLeft,
      taps,
      plane.offsets,
      values + 4 * from * width,
      4 * width,
      this.#bias + 4 * from,
      floor,
    ]);
  }

  /**
   * Runs a kernel for all rows: each thread some, where that is worth it.
   * @param length products of each weight
   */
  #share(length: number, rows: number, call: (from: number, rows: number) => Call): void {
    const worth = length * this.nonzero >= WORTH_SHARING;
    share(this.#machine, rows, worth, call, (part) => this.#cut(part, rows));
  }

  /** The row before which a part of the weights lies. */
  #cut(part: number, rows: number): number {
    const stored = this.#stored;
    return stored.kind === "rows" ? stored.form.lineAt(part) : Math.min(rows, 4 * Math.round((part * rows) / 4));
  }
}
