import { elementwise } from "./elementwise.ts";
import type { MathNodes } from "./math.ts";
import type { GradientRule } from "./rule.ts";

/** A rule for y = f(x) on each element: the gradient g times f'(x), written with what is at hand of x and y. */
function derivative(partial: (math: MathNodes, g: string, x: string, y: string) => string): GradientRule {
  return elementwise(({ math, inputs: [x], outputs: [y] }, g) => partial(math, g, x, y));
}

/** Mathematical functions of one element. */
export const functionRules: Readonly<Record<string, GradientRule>> = {
  Neg: derivative(({ neg }, g) => neg(g)),
  Abs: derivative(({ mul, sign }, g, x) => mul(g, sign(x))),
  Reciprocal: derivative(({ neg, mul }, g, _, y) => neg(mul(g, mul(y, y)))),
  // Infinite at 0, where what comes before (the squares of a modulus) mostly is flat: 0 there, as for norms.
  Sqrt: derivative(({ mul, div, where, equal }, g, _, y) =>
    div(mul(g, 0.5), where(equal(y, 0), Number.POSITIVE_INFINITY, y)),
  ),
  Exp: derivative(({ mul }, g, _, y) => mul(g, y)),
  Log: derivative(({ div }, g, x) => div(g, x)),
  // erf' = 2 / sqrt(pi) exp(-x^2).
  Erf: derivative(({ mul, neg, exp }, g, x) => mul(g, mul(2 / Math.sqrt(Math.PI), exp(neg(mul(x, x)))))),
  Sin: derivative(({ mul, cos }, g, x) => mul(g, cos(x))),
  Cos: derivative(({ mul, neg, sin }, g, x) => neg(mul(g, sin(x)))),
  Tan: derivative(({ mul, add }, g, _, y) => mul(g, add(1, mul(y, y)))),
  Asin: derivative(({ div, sqrt, sub, mul }, g, x) => div(g, sqrt(sub(1, mul(x, x))))),
  Acos: derivative(({ neg, div, sqrt, sub, mul }, g, x) => neg(div(g, sqrt(sub(1, mul(x, x)))))),
  Atan: derivative(({ div, add, mul }, g, x) => div(g, add(1, mul(x, x)))),
  Sinh: derivative(({ mul, cosh }, g, x) => mul(g, cosh(x))),
  Cosh: derivative(({ mul, sinh }, g, x) => mul(g, sinh(x))),
  Tanh: derivative(({ mul, sub }, g, _, y) => mul(g, sub(1, mul(y, y)))),
  Asinh: derivative(({ div, sqrt, add, mul }, g, x) => div(g, sqrt(add(1, mul(x, x))))),
  Acosh: derivative(({ div, sqrt, sub, mul }, g, x) => div(g, sqrt(sub(mul(x, x), 1)))),
  Atanh: derivative(({ div, sub, mul }, g, x) => div(g, sub(1, mul(x, x)))),
};
