import { UserError } from "../../errors.ts";
import { flag, optionalInt } from "../attributes.ts";
import { needed, type Operators, operator, type Planning, rest, type Step, type Value } from "../operator.ts";
import { type Arithmetic, combine, isBig, isFloat, join, larger, smaller, stretch } from "./elementwise.ts";
import { isFloat32, pairwise } from "./floats.ts";
import { aligned, broadcast } from "./shapes.ts";
import { FLOATS, NUMBERS } from "./types.ts";

/** An operator on two tensors of numbers of one type. Before operator set 7 attributes say how the second stretches. */
function binary(arithmetic: Arithmetic) {
  const inputs = { a: needed(NUMBERS), b: needed(NUMBERS, { like: "a" }) };
  return [
    operator({
      since: 1,
      until: 6,
      inputs,
      attributes: STRETCHING,
      plan(context) {
        const { a, b } = context.inputs;
        return combine(context, a, aligned(context, a, b, context.attributes), arithmetic);
      },
    }),
    operator({
      since: 7,
      inputs,
      attributes: {},
      plan: (context) => combine(context, context.inputs.a, context.inputs.b, arithmetic),
    }),
  ];
}

const STRETCHING = { axis: optionalInt(), broadcast: flag(false) };

function byZero(): never {
  throw new UserError("A whole number is divided by zero: feed other numbers.");
}

const divide: Arithmetic = {
  kernel: "divide",
  float: (a, b) => a / b,
  // Towards zero, as C does.
  whole: (a, b) => (b === 0 ? byZero() : Math.trunc(a / b)),
  big: (a, b) => (b === 0n ? byZero() : a / b),
};

/** Powers: the exponents may be of another type since operator set 12. */
function power(context: Planning, x: Value, y: Value): Step {
  const dims = broadcast(context, x.dims, y.dims);
  const result = context.output(x.type, dims);
  const constant = context.constant(y);
  if (isFloat32(x) && isFloat32(result) && constant?.data.length === 1 && Number(constant.data[0]) === 2) {
    return pairwise(context, "multiply", x, x, result);
  }
  const output = context.view(result);
  const [base, exponent] = [stretch(context, x, dims), stretch(context, y, dims)];
  return () => {
    const [from, given, to] = [base.view(), exponent.view(), output()];
    const by = isBig(given) ? Float64Array.from(given, Number) : given;
    if (isBig(from) && isBig(to)) {
      for (let i = 0; i < to.length; i++) to[i] = bigPower(from[at(base, i)], by[at(exponent, i)]);
    } else if (!isBig(from) && !isBig(to)) {
      join(from, base.places, by, exponent.places, to, Math.pow);
    }
  };
}

const powers = [
  operator({
    since: 1,
    until: 6,
    inputs: { x: needed(FLOATS), y: needed(FLOATS, { like: "x" }) },
    attributes: STRETCHING,
    plan(context) {
      const { x, y } = context.inputs;
      return power(context, x, aligned(context, x, y, context.attributes));
    },
  }),
  operator({
    since: 7,
    inputs: { x: needed(NUMBERS), y: needed(NUMBERS) },
    attributes: {},
    plan: (context) => power(context, context.inputs.x, context.inputs.y),
  }),
];

function at({ places }: { readonly places: Uint32Array | undefined }, i: number): number {
  return places ? places[i] : i;
}

/** A whole power, cut towards zero where the exponent is below zero or a fraction. */
function bigPower(base: bigint, exponent: number): bigint {
  if (Number.isInteger(exponent) && exponent >= 0) return base ** BigInt(exponent);
  const power = Number(base) ** exponent;
  return Number.isFinite(power) ? BigInt(Math.trunc(power)) : byZero();
}

/** The rest of a division: as C's fmod has it, with the sign of what is divided, or else with that of the divisor. */
const modulo = operator({
  since: 10,
  inputs: { a: needed(NUMBERS), b: needed(NUMBERS, { like: "a" }) },
  attributes: { fmod: flag(false) },
  plan(context) {
    const { a, b } = context.inputs;
    const { fmod } = context.attributes;
    if (!fmod && (a.type === "float32" || a.type === "float64")) context.refuse("divides floats without fmod");
    return combine(context, a, b, {
      float: (x, y) => x % y,
      whole: (x, y) => (y === 0 ? byZero() : fmod ? x % y : x - y * Math.floor(x / y)),
      big: (x, y) => (y === 0n ? byZero() : fmod || x % y === 0n || x < 0n === y < 0n ? x % y : (x % y) + y),
    });
  },
});

/** Joins any number of tensors, which may stretch each other; `end` makes something of the last result. */
function variadic(arithmetic: Arithmetic, end?: (x: number, count: number) => number) {
  return operator({
    since: 6,
    inputs: { data: rest(end ? FLOATS : NUMBERS) },
    attributes: {},
    plan(context) {
      const { data } = context.inputs;
      const dims = broadcast(context, ...data.map((value) => value.dims));
      const y = context.output(data[0].type, dims);
      const floats = data.filter(isFloat32);
      const { kernel } = arithmetic;
      if (kernel && !end && isFloat32(y) && floats.length > 1) {
        const steps = floats.slice(1).map((value, i) => pairwise(context, kernel, i === 0 ? floats[0] : y, value, y));
        return () => {
          for (const step of steps) step();
        };
      }
      const output = context.view(y);
      const all = data.map((value) => stretch(context, value, dims));
      const f = isFloat(data[0].type) ? arithmetic.float : (arithmetic.whole ?? arithmetic.float);
      return () => {
        const to = output();
        for (const [i, { view, places }] of all.entries()) {
          const from = view();
          if (isBig(to) && isBig(from)) {
            join(to, undefined, from, places, to, i === 0 ? (_, b) => b : arithmetic.big);
          } else if (!isBig(to) && !isBig(from)) join(to, undefined, from, places, to, i === 0 ? (_, b) => b : f);
        }
        if (end && !isBig(to)) for (let i = 0; i < to.length; i++) to[i] = end(to[i], data.length);
      };
    },
  });
}

const add: Arithmetic = { kernel: "add", float: (a, b) => a + b, big: (a, b) => a + b };

/** Arithmetic of tensors. */
export const arithmeticOperators: Operators = {
  Add: binary(add),
  Sub: binary({ kernel: "subtract", float: (a, b) => a - b, big: (a, b) => a - b }),
  Mul: binary({ kernel: "multiply", float: (a, b) => a * b, whole: Math.imul, big: (a, b) => a * b }),
  Div: binary(divide),
  Pow: powers,
  Mod: modulo,
  Max: variadic({ kernel: "maximum", float: Math.max, big: larger }),
  Min: variadic({ kernel: "minimum", float: Math.min, big: smaller }),
  Sum: variadic(add, (sum) => sum),
  Mean: variadic(add, (sum, count) => sum / count),
};
