import { compressRows, transposed } from "../compressed.ts";
import { padded } from "../forms.ts";
import { type Matrix, TILE, type Use } from "../matrix.ts";
import { type Operator, type PlanContext, type Step, sizeOf, type Value } from "../operator.ts";
import { UnsupportedError } from "../unsupported.ts";

/** Samples from which on a batch is multiplied at once. */
const BATCH = 4;

/** Y = alpha A B' + beta C with constant B and C. */
const gemm: Operator = (context) => {
  const { attribute } = context;
  if (attribute("transA", 0) === 1) throw new UnsupportedError("Gemm is not run with transA here.");
  const x = context.value(0);
  const layer = context.kept(() => {
    const bias = context.constant(2);
    return matrixOf(context, attribute("transB", 0) === 1, attribute("alpha", 1), bias?.data, attribute("beta", 1));
  });
  return multiply(context, layer, x, [x.dims[0], layer.rows]);
};

/** Y = A B + C, B a constant matrix and C a bias folded into the node, or both computed. */
const matmul: Operator = (context) => {
  const x = context.value(0);
  const layer = context.kept(() =>
    context.constant(1)?.dims.length === 2 ? matrixOf(context, false, 1, context.constant(2)?.data) : undefined,
  );
  if (!layer) return product(context, x, context.value(1));
  return multiply(context, layer, x, [...x.dims.slice(0, -1), layer.rows]);
};

/** The constant second input as rows of weights, one for each output. */
function matrixOf(
  { matrix, constant, node }: PlanContext,
  turned: boolean,
  alpha: number,
  bias?: ArrayLike<number>,
  beta = 1,
): Matrix {
  const weights = constant(1);
  if (!weights || !(weights.data instanceof Float32Array) || weights.dims.length !== 2) {
    throw new UnsupportedError(`${node.op} is run only with constant weights here.`);
  }
  const { data, dims } = weights;
  const [rows, columns] = turned ? dims : [dims[1], dims[0]];
  const found = compressRows(data, dims[0], dims[1]);
  const scaled = alpha === 1 ? found : { ...found, values: found.values.map((value) => alpha * value) };
  const elements = turned ? scaled : transposed(scaled, dims[0], dims[1]);
  const biases = bias && Float32Array.from({ length: rows }, (_, row) => beta * bias[bias.length === 1 ? 0 : row]);
  return matrix(rows, columns, elements, biases);
}

function multiply(context: PlanContext, layer: Matrix, x: Value, dims: readonly number[]): Step {
  const { machine, floor } = context;
  const { heap } = machine;
  const { rows, columns } = layer;
  const samples = sizeOf(x.dims) / columns;
  if (x.dims.at(-1) !== columns) {
    throw new Error(`Node "${context.node.name}" multiplies [${x.dims}] by a matrix of ${columns} inputs.`);
  }
  const use: Use = samples >= BATCH ? "matrix" : x.rectified ? "sparse-vector" : "vector";
  const length = padded(samples);
  layer.prepare(use, use === "matrix" ? 4 * Math.min(TILE, length) : 4);
  const y = context.output(dims);
  if (use !== "matrix") {
    // Sums of four lanes read on to a multiple of four.
    const aligned = columns % 4 === 0 ? undefined : context.scratch(padded(columns));
    return () => {
      for (let i = 0; i < samples; i++) {
        const from = x.at + 4 * i * columns;
        if (aligned !== undefined) {
          const copy = heap.floats(aligned, padded(columns));
          copy.fill(0, columns);
          copy.set(heap.floats(from, columns));
        }
        layer.multiply(aligned ?? from, y.at + 4 * i * rows, floor);
      }
    };
  }
  const offsets = context.table(Array.from({ length: columns }, (_, column) => 4 * column * length));
  const [turned, result] = [context.scratch(columns * length), context.scratch(layer.written * length)];
  return () => {
    transpose(heap.floats(x.at, samples * columns), samples, columns, heap.floats(turned, columns * length), length);
    layer.correlate(offsets, turned, result, length, floor);
    transpose(heap.floats(result, rows * length), rows, samples, heap.floats(y.at, samples * rows), rows, length);
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

/** The product of two computed tensors, batch by batch. */
function product(context: PlanContext, a: Value, b: Value): Step {
  const { heap } = context.machine;
  const [rows, inner] = a.dims.slice(-2);
  const columns = b.dims[b.dims.length - 1];
  const batches = sizeOf(a.dims.slice(0, -2));
  if (a.dims.length !== b.dims.length || sizeOf(b.dims.slice(0, -2)) !== batches || b.dims.at(-2) !== inner) {
    throw new UnsupportedError(`MatMul of [${a.dims}] and [${b.dims}] is not run here.`);
  }
  const y = context.output([...a.dims.slice(0, -1), columns]);
  return () => {
    const [left, right] = [heap.floats(a.at, sizeOf(a.dims)), heap.floats(b.at, sizeOf(b.dims))];
    const result = heap.floats(y.at, sizeOf(y.dims)).fill(0);
    for (let row = 0; row < batches * rows; row++) {
      const start = Math.floor(row / rows) * inner * columns;
      for (let k = 0; k < inner; k++) {
        const factor = left[row * inner + k];
        for (let j = 0; j < columns; j++) result[row * columns + j] += factor * right[start + k * columns + j];
      }
    }
  };
}

/** Dense layers. */
export const denseOperators: Readonly<Record<string, Operator>> = { Gemm: gemm, MatMul: matmul };
