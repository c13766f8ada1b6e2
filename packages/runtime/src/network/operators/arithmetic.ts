import { UserError } from "../../errors.ts";
import { needed, type Operators, operator } from "../operator.ts";
import { type Arithmetic, combine, isBig, join, stretch } from "./elementwise.ts";
import { broadcast } from "./shapes.ts";
import { FLOATS, NUMBERS } from "./types.ts";

/** An operator on two tensors of numbers of one type. Before operator set 7 they stretched by an attribute. */
function binary(arithmetic: Arithmetic) {
  return operator({
    since: 7,
    inputs: { a: needed(NUMBERS), b: needed(NUMBERS, { like: "a" }) },
    attributes: {},
    plan: (context) => combine(context, context.inputs.a, context.inputs.b, arithmetic),
  });
}

function byZero(): never {
  throw new UserError("A whole number is divided by zero: feed other numbers.");
}

const divide: Arithmetic = {
  float: (a, b) => a / b,
  // Towards zero, as C does.
  whole: (a, b) => (b === 0 ? byZero() : Math.trunc(a / b)),
  big: (a, b) => (b === 0n ? byZero() : a / b),
};

/** Powers of floats: the exponents may be of another type since operator set 12. */
const power = operator({
  since: 7,
  inputs: { x: needed(FLOATS), y: needed(NUMBERS) },
  attributes: {},
  plan(context) {
    const { x, y } = context.inputs;
    const dims = broadcast(context, x.dims, y.dims);
    const output = context.view(context.output(x.type, dims));
    const [base, exponent] = [stretch(context, x, dims), stretch(context, y, dims)];
    return () => {
      const [from, by, to] = [base.view(), exponent.view(), output()];
      if (isBig(by)) join(from, base.places, Float64Array.from(by, Number), exponent.places, to, Math.pow);
      else join(from, base.places, by, exponent.places, to, Math.pow);
    };
  },
});

/** The negative of each number. */
const negative = operator({
  since: 6,
  inputs: { x: needed(NUMBERS) },
  attributes: {},
  plan(context) {
    const { x } = context.inputs;
    const [input, output] = [context.view(x), context.view(context.output(x.type, x.dims))];
    return () => {
      const [from, to] = [input(), output()];
      if (isBig(from) && isBig(to)) for (let i = 0; i < to.length; i++) to[i] = -from[i];
      else if (!isBig(from) && !isBig(to)) for (let i = 0; i < to.length; i++) to[i] = -from[i];
    };
  },
});

/** Arithmetic of tensors. */
export const arithmeticOperators: Operators = {
  Add: binary({ float: (a, b) => a + b, big: (a, b) => a + b }),
  Sub: binary({ float: (a, b) => a - b, big: (a, b) => a - b }),
  Mul: binary({ float: (a, b) => a * b, whole: Math.imul, big: (a, b) => a * b }),
  Div: binary(divide),
  Pow: power,
  Neg: negative,
};
