import { flag, float, unused } from "../attributes.ts";
import type { Constant } from "../constant.ts";
import { sizeOf } from "../elements.ts";
import { padded } from "../forms.ts";
import { BIASED } from "../fuse.ts";
import { type Matrix, TILE, type Use, type VectorMultiplier } from "../matrix.ts";
import { elementsOf } from "../matrix-elements.ts";
import { needed, type Operators, operator, optional, type Planning, type Step, type Value } from "../operator.ts";
import { product } from "./product.ts";
import { stretched, stretches } from "./shapes.ts";
import { FLOAT } from "./types.ts";

/** Samples from which on a batch is multiplied at once. */
const BATCH = 4;

interface GemmInputs {
  readonly a: Value<"float32">;
  readonly b: Value<"float32">;
  readonly c: Value<"float32"> | undefined;
}

interface GemmAttributes {
  readonly transA: boolean;
  readonly transB: boolean;
  readonly alpha: number;
  readonly beta: number;
}

/** Y = alpha A' B' + beta C, A' and B' being A and B or their transposes. */
function gemm(context: Planning, { a, b, c }: GemmInputs, { transA, transB, alpha, beta }: GemmAttributes): Step {
  if (a.dims.length !== 2 || b.dims.length !== 2) context.wrong(`multiplies [${a.dims}] by [${b.dims}]`);
  const [rows, inner] = transA ? [a.dims[1], a.dims[0]] : a.dims;
  const [columns, wanted] = transB ? b.dims : [b.dims[1], b.dims[0]];
  if (inner !== wanted) context.wrong(`multiplies [${rows},${inner}] by a matrix of ${wanted} inputs`);
  if (c && !stretches(c.dims, [rows, columns])) context.wrong(`adds [${c.dims}] to [${rows},${columns}]`);
  const weights = context.constant(b);
  const bias = context.constant(c);
  // One row of biases, or one number, is the same for every sample.
  const asBias = !c || (bias !== undefined && (c.dims.length < 2 || c.dims[0] === 1));
  if (!transA && weights && asBias) {
    const layer = context.kept([b, c], () => matrixOf(context, weights, transB, { alpha, bias, beta }));
    return multiply(context, layer, a, [rows, columns]);
  }
  const y = context.output("float32", [rows, columns], { rectified: false });
  const [left, right, addend, result] = [context.view(a), context.view(b), c && context.view(c), context.view(y)];
  const [stepRow, stepInner] = transA ? [1, rows] : [inner, 1];
  const [stepColumn, stepDown] = transB ? [inner, 1] : [1, columns];
  const places = c && stretched(c.dims, [rows, columns]);
  return () => {
    const [x, w, z, to] = [left(), right(), addend?.(), result()];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) {
          sum += x[row * stepRow + k * stepInner] * w[column * stepColumn + k * stepDown];
        }
        const at = row * columns + column;
        to[at] = alpha * sum + (z && places ? beta * z[places[at]] : 0);
      }
    }
  };
}

const inputs = { a: needed(FLOAT), b: needed(FLOAT), c: optional(FLOAT) };
const attributes = { transA: flag(false), transB: flag(false), alpha: float(1), beta: float(1) };

const gemms = [
  operator({
    since: 1,
    until: 6,
    inputs,
    // Whether C is stretched: its shape shows it.
    attributes: { ...attributes, broadcast: unused() },
    plan: (context) => gemm(context, context.inputs, context.attributes),
  }),
  operator({
    since: 7,
    inputs,
    attributes,
    plan: (context) => gemm(context, context.inputs, context.attributes),
  }),
];

const matmul = operator({
  since: 1,
  inputs: { a: needed(FLOAT), b: needed(FLOAT) },
  attributes: {},
  plan(context) {
    const { a, b } = context.inputs;
    const weights = context.constant(b);
    if (!weights || b.dims.length !== 2 || a.dims.length === 0) return product(context, a, b);
    const layer = context.kept([b], () => matrixOf(context, weights, false));
    return multiply(context, layer, a, [...a.dims.slice(0, -1), layer.rows]);
  },
});

const biased = operator({
  since: 1,
  inputs: { a: needed(FLOAT), b: needed(FLOAT), c: needed(FLOAT) },
  attributes: {},
  plan(context) {
    const { a, b, c } = context.inputs;
    const [weights, bias] = [context.constant(b), context.constant(c)];
    if (!weights || !bias) throw new Error("A bias was fused with a product that is not a layer.");
    const layer = context.kept([b, c], () => matrixOf(context, weights, false, { bias }));
    if (a.dims.length === 0) context.wrong("multiplies a number by a matrix");
    return multiply(context, layer, a, [...a.dims.slice(0, -1), layer.rows]);
  },
});

interface Terms {
  readonly alpha?: number;
  readonly bias?: Constant<"float32"> | undefined;
  readonly beta?: number;
}

/** Weights as rows, one for each output. */
function matrixOf(
  context: Pick<Planning, "matrix">,
  weights: Constant<"float32">,
  turned: boolean,
  { alpha = 1, bias, beta = 1 }: Terms = {},
): Matrix {
  const { source, dims } = weights;
  const [rows, columns] = turned ? dims : [dims[1], dims[0]];
  const elements = elementsOf(source, { width: dims[1], order: turned ? "rows" : "columns", factor: alpha });
  const numbers = bias?.numbers();
  const biases = () => {
    const given = numbers?.() ?? new Float32Array(1);
    return Float32Array.from({ length: rows }, (_, row) => beta * given[given.length === 1 ? 0 : row]);
  };
  return context.matrix(rows, columns, elements, numbers && biases);
}

export function multiply(context: Planning, layer: VectorMultiplier, x: Value, dims: readonly number[]): Step {
  const { heap } = context.machine;
  const { rows, columns, reads } = layer;
  if (x.dims.at(-1) !== columns) context.wrong(`multiplies [${x.dims}] by a matrix of ${columns} inputs`);
  const samples = sizeOf(x.dims.slice(0, -1));
  const use: Use = samples >= BATCH ? "matrix" : x.rectified ? "sparse-vector" : "vector";
  const length = padded(samples);
  // In the body of a loop, one time round may have another use for it than the next.
  const prepare = () => layer.prepare(use, use === "matrix" ? 4 * Math.min(TILE, length) : 4);
  prepare();
  const floor = context.takesRelu() ? 0 : Number.NEGATIVE_INFINITY;
  const input = context.at(x);
  const output = context.at(context.output("float32", dims));
  if (use !== "matrix") {
    const aligned = reads === columns ? undefined : context.scratch(reads);
    return () => {
      prepare();
      for (let i = 0; i < samples; i++) {
        const from = input + 4 * i * columns;
        if (aligned !== undefined) {
          const copy = heap.floats(aligned, reads);
          copy.fill(0, columns);
          copy.set(heap.floats(from, columns));
        }
        layer.multiply(aligned ?? from, output + 4 * i * rows, floor);
      }
    };
  }
  const offsets = context.table(Array.from({ length: columns }, (_, column) => 4 * column * length));
  const [turned, result] = [context.scratch(columns * length), context.scratch(layer.written * length)];
  return () => {
    prepare();
    transpose(heap.floats(input, samples * columns), samples, columns, heap.floats(turned, columns * length), length);
    layer.correlate(offsets, turned, result, length, floor);
    transpose(heap.floats(result, rows * length), rows, samples, heap.floats(output, samples * rows), rows, length);
  };
}

/** Writes [rows, columns] as [columns, rows], lines of `from` and `to` being `pitch` and `length` apart. */
function transpose(
  from: Float32Array,
  rows: number,
  columns: number,
  to: Float32Array,
  length: number,
  pitch = columns,
): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) to[column * length + row] = from[row * pitch + column];
  }
}

/** Dense layers. */
export const denseOperators: Operators = { Gemm: gemms, MatMul: matmul, [BIASED]: biased };
