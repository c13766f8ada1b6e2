import type { GraphBuilder } from "../onnx/builder.ts";

/** A value of the graph, or a number, which becomes a constant of the gradient's type. */
export type Term = string | number;

const OPERATORS = {
  abs: "Abs",
  add: "Add",
  and: "And",
  cos: "Cos",
  cosh: "Cosh",
  div: "Div",
  equal: "Equal",
  erf: "Erf",
  exp: "Exp",
  greater: "Greater",
  less: "Less",
  log: "Log",
  max: "Max",
  min: "Min",
  mul: "Mul",
  neg: "Neg",
  pow: "Pow",
  reciprocal: "Reciprocal",
  sigmoid: "Sigmoid",
  sign: "Sign",
  sin: "Sin",
  sinh: "Sinh",
  softplus: "Softplus",
  sqrt: "Sqrt",
  sub: "Sub",
  sum: "Sum",
  tanh: "Tanh",
  where: "Where",
} as const;

/** Writes formulas: each call adds the operator's node over its terms and gives the name of the result. */
export type MathNodes = Readonly<Record<keyof typeof OPERATORS, (...terms: readonly Term[]) => string>>;

/** @param scalar the name of a constant of one number */
export function mathNodes(graph: GraphBuilder, scalar: (value: number) => string): MathNodes {
  const write =
    (op: string) =>
    (...terms: readonly Term[]) =>
      graph.emit(
        op,
        terms.map((term) => (typeof term === "number" ? scalar(term) : term)),
      );
  const nodes = Object.entries(OPERATORS).map(([name, op]) => [name, write(op)]);
  return Object.fromEntries(nodes);
}
