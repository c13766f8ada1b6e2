import fc from "fast-check";
import type { Attributes } from "../../../src/onnx/attributes.ts";
import { int } from "../../../src/onnx/attributes.ts";
import type { GraphBuilder } from "../../../src/onnx/builder.ts";
import { int64s, type NumericTensor } from "../../../src/onnx/tensor.ts";
import { type Case, type Float, uniform } from "../check-gradient.ts";

/** A case whose seed is still to be drawn. */
export type Unseeded = Omit<Case, "seed">;
export type Drawn = fc.Arbitrary<Unseeded>;

/** Random cases of an operator that does not say how many. */
export const DEFAULT_RUNS = 5;

/** How the gradient rule of an operator is tested. */
export interface Cases {
  /** Random shapes and attributes. */
  readonly drawn: Drawn;
  /** How many of them; default: {@link DEFAULT_RUNS}. */
  readonly runs?: number;
  /** What random draws seldom or never meet. */
  readonly edges?: Readonly<Record<string, Unseeded>>;
}

/** By operator. */
export type CaseFamily = Readonly<Record<string, Cases>>;

export const dim = fc.integer({ min: 1, max: 4 });
export const shape = (minLength = 0, maxLength = 4) => fc.array(dim, { minLength, maxLength });
export const flag = fc.integer({ min: 0, max: 1 });

/** A shape and one of its axes, counted from either end. */
export const withAxis = (minLength = 1, maxLength = 4) =>
  shape(minLength, maxLength).chain((dims) =>
    fc.record({ dims: fc.constant(dims), axis: fc.integer({ min: -dims.length, max: dims.length - 1 }) }),
  );

/** A shape and another that broadcasts with it: some dimensions one, some in front left out. */
export const stretched = shape(1, 4).chain((full) =>
  fc
    .record({
      full: fc.constant(full),
      ones: fc.array(fc.boolean(), { minLength: full.length, maxLength: full.length }),
      lead: fc.integer({ min: 0, max: full.length }),
      swap: fc.boolean(),
    })
    .map(({ full: dims, ones, lead, swap }) => {
      const small = dims.map((size, axis) => (ones[axis] ? 1 : size)).slice(lead);
      return swap ? [small, dims] : [dims, small];
    }),
);

/** An operator of one input. */
export const unary = (op: string, more: Partial<Case> = {}, attributes: Attributes = {}): Drawn =>
  shape().map((dims) => ({
    inputs: [dims],
    build: (graph: GraphBuilder) => graph.emit(op, ["x0"], attributes),
    ...more,
  }));

/** An operator of two inputs that are stretched to each other. */
export const binary = (op: string, more: Partial<Case> = {}, attributes: Attributes = {}): Drawn =>
  stretched.map((inputs) => ({
    inputs,
    build: (graph: GraphBuilder) => graph.emit(op, ["x0", "x1"], attributes),
    ...more,
  }));

/** An operator of one to three inputs that are stretched to each other. */
export const variadic = (op: string, more: Partial<Case> = {}): Drawn =>
  fc.tuple(stretched, fc.integer({ min: 1, max: 3 })).map(([[a, b], count]) => ({
    inputs: [a, b, a].slice(0, count),
    build: (graph: GraphBuilder) => graph.emit(op, names(count)),
    ...more,
  }));

/** An operator that works along an axis, its only attribute. */
export const alongAxis = (op: string, more: Partial<Case> = {}, attributes: Attributes = {}): Drawn =>
  withAxis().map(({ dims, axis }) => ({
    inputs: [dims],
    build: (graph: GraphBuilder) => graph.emit(op, ["x0"], { ...attributes, axis: int(axis) }),
    ...more,
  }));

/** x0, x1, ... */
export const names = (count: number) => Array.from({ length: count }, (_, i) => `x${i}`);

/** A constant of the type of the inputs. */
export function numbers(dtype: Float, dims: readonly number[], values: readonly number[]): NumericTensor {
  return dtype === "float64"
    ? { dtype, dims, data: Float64Array.from(values) }
    : { dtype, dims, data: Float32Array.from(values) };
}

/** A constant of places, int64. */
export const places = (dims: readonly number[], values: readonly number[]): NumericTensor => ({
  ...int64s(values),
  dims,
});

/** The values of each input given apart. */
export const byInput =
  (...generators: readonly NonNullable<Case["values"]>[]): NonNullable<Case["values"]> =>
  (stream, size, input) =>
    (generators[input] ?? uniform)(stream, size, input);
