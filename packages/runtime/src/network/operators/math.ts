import type { ElementType } from "../elements.ts";
import { needed, type Operators, operator } from "../operator.ts";
import { unary } from "./activations.ts";
import { isBig } from "./elementwise.ts";
import { NUMBERS } from "./types.ts";

/** A function of each number of the given types, whole or not. */
export function eachOf<const T extends readonly ElementType[]>(
  types: T,
  since: number,
  f: (x: number) => number,
  big: (x: bigint) => bigint,
) {
  return operator({
    since,
    inputs: { x: needed(types) },
    attributes: {},
    plan(context) {
      const { x } = context.inputs;
      const [input, output] = [context.view(x), context.view(context.output(x.type, x.dims))];
      return () => {
        const [from, to] = [input(), output()];
        if (isBig(from) && isBig(to)) for (let i = 0; i < to.length; i++) to[i] = big(from[i]);
        else if (!isBig(from) && !isBig(to)) for (let i = 0; i < to.length; i++) to[i] = f(from[i]);
      };
    },
  });
}

/** The nearest whole number, of two as near the even one. */
export function round(x: number): number {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}

/** Functions of numbers. */
export const mathOperators: Operators = {
  Abs: eachOf(NUMBERS, 6, Math.abs, (x) => (x < 0n ? -x : x)),
  Neg: eachOf(
    NUMBERS,
    6,
    (x) => -x,
    (x) => -x,
  ),
  Sign: eachOf(NUMBERS, 9, Math.sign, (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n)),
  Ceil: unary(6, Math.ceil),
  Floor: unary(6, Math.floor),
  Round: unary(11, round),
  Exp: unary(6, Math.exp, "exponential"),
  Log: unary(6, Math.log),
  Sqrt: unary(6, Math.sqrt),
  Reciprocal: unary(6, (x) => 1 / x),
  Sin: unary(7, Math.sin),
  Cos: unary(7, Math.cos),
  Tan: unary(7, Math.tan),
  Asin: unary(7, Math.asin),
  Acos: unary(7, Math.acos),
  Atan: unary(7, Math.atan),
  Sinh: unary(9, Math.sinh),
  Cosh: unary(9, Math.cosh),
  Asinh: unary(9, Math.asinh),
  Acosh: unary(9, Math.acosh),
  Atanh: unary(9, Math.atanh),
};
