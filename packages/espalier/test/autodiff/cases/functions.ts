import { awayFrom, type Case, positive, uniform } from "../check-gradient.ts";
import { type CaseFamily, unary } from "./drawn.ts";

const single: Partial<Case> = { dtype: "float32" };

/** Uniform in a range, in float32: most of these functions have no kernel for float64. */
const within = (low: number, high: number): Partial<Case> => ({
  dtype: "float32",
  values: (stream, size) => uniform(stream, size).map((value) => low + ((value + 2) / 4) * (high - low)),
});

export const functionCases: CaseFamily = {
  Neg: { drawn: unary("Neg") },
  Abs: { drawn: unary("Abs", { values: awayFrom(0) }) },
  Reciprocal: { drawn: unary("Reciprocal", { values: positive }) },
  Sqrt: {
    drawn: unary("Sqrt", { values: positive }),
    edges: {
      "a modulus that is zero": {
        inputs: [[3]],
        build: (graph) => graph.emit("Sqrt", [graph.emit("Mul", ["x0", "x0"])]),
        values: () => [0, 0, 0],
      },
    },
  },
  Exp: { drawn: unary("Exp") },
  Log: { drawn: unary("Log", { values: positive }) },
  Erf: { drawn: unary("Erf", single) },
  Sin: { drawn: unary("Sin", single) },
  Cos: { drawn: unary("Cos", single) },
  Tan: { drawn: unary("Tan", within(-1, 1)) },
  Asin: { drawn: unary("Asin", within(-0.8, 0.8)) },
  Acos: { drawn: unary("Acos", within(-0.8, 0.8)) },
  Atan: { drawn: unary("Atan", single) },
  Sinh: { drawn: unary("Sinh", single) },
  Cosh: { drawn: unary("Cosh", single) },
  Tanh: { drawn: unary("Tanh") },
  Asinh: { drawn: unary("Asinh", single) },
  Acosh: { drawn: unary("Acosh", within(1.3, 3)) },
  Atanh: { drawn: unary("Atanh", within(-0.8, 0.8)) },
};
