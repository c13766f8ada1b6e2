import { elementsOf } from "../matrix-elements.ts";
import type { Planning, Value } from "../operator.ts";

type Float = Value<"float32">;

/** Rows of W or R that are multiplied at once. */
export interface Part {
  /** [directions, gates x hidden, columns]. */
  readonly weights: Float;
  readonly direction: number;
  readonly first: number;
  readonly rows: number;
  readonly columns: number;
  /** Where their biases begin in a direction's part of B, which has Wb and Rb behind each other. */
  readonly bias: number;
}

/** Multiplies the vector at one address into another. */
export type Product = (input: number, output: number) => void;

/** The products by parts of the weights: as layers where the weights are constant, else by their definition. */
export function productsOf(context: Planning, B: Float | undefined, parts: readonly Part[]): Product[] {
  const weights = [...new Set(parts.map((part) => part.weights))];
  const biases = context.constant(B);
  if (weights.some((value) => !context.constant(value)) || (B && !biases)) {
    return parts.map((part) => productOf(context, B, part));
  }
  const layers = context.kept([...weights, B], () =>
    parts.map(({ weights, direction, first, rows, columns, bias }) => {
      const all = weights.dims[1];
      const start = (direction * all + first) * columns;
      const own = floatsOf(context, weights).subarray(start, start + rows * columns);
      const from = 2 * direction * all + bias + first;
      const shifts = biases?.data.subarray(from, from + rows);
      return context.matrix(rows, columns, elementsOf(own, { width: columns }), shifts && (() => shifts));
    }),
  );
  return layers.map((layer) => {
    layer.prepare("vector");
    return (input, output) => layer.multiply(input, output, Number.NEGATIVE_INFINITY);
  });
}

function floatsOf(context: Planning, value: Float): Float32Array {
  const constant = context.constant(value);
  if (!constant) throw new Error("Weights that are computed are made a layer.");
  return constant.data;
}

function productOf(context: Planning, B: Float | undefined, part: Part): Product {
  const { direction, first, rows, columns, bias } = part;
  const [view, shifts] = [context.view(part.weights), B && context.view(B)];
  const { heap } = context.machine;
  const all = part.weights.dims[1];
  return (input, output) => {
    const [w, b, x, y] = [view(), shifts?.(), heap.floats(input, columns), heap.floats(output, rows)];
    for (let row = 0; row < rows; row++) {
      let sum = b ? b[2 * direction * all + bias + first + row] : 0;
      for (let k = 0; k < columns; k++) sum += w[(direction * all + first + row) * columns + k] * x[k];
      y[row] = sum;
    }
  };
}
