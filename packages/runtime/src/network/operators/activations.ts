import { float, oneOf } from "../attributes.ts";
import { needed, type Operators, operator, optional, type Value } from "../operator.ts";
import { map } from "./elementwise.ts";
import { FLOAT, FLOATS } from "./types.ts";

/** A function of each element. */
/** The largest float32. */
const MOST = 3.4028234663852886e38;

function unary(since: number, f: (x: number) => number) {
  return operator({
    since,
    inputs: { x: needed(FLOATS) },
    attributes: {},
    plan: (context) => map(context, context.inputs.x, f),
  });
}

/** Abramowitz and Stegun 7.1.26 is too coarse: a series for small arguments and a continued fraction for large ones. */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size < 2.5) {
    let term = size;
    let sum = size;
    for (let n = 1; Math.abs(term) > 1e-17; n++) {
      term *= (-size * size) / n;
      sum += term / (2 * n + 1);
    }
    return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = size;
  for (let n = 40; n > 0; n--) fraction = size + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-size * size) / (Math.sqrt(Math.PI) * fraction));
}

export const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

const GELU = {
  none: (x: number) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  tanh: (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
};

const relu = operator({
  since: 6,
  inputs: { x: needed(FLOAT) },
  attributes: {},
  plan(context) {
    const { x } = context.inputs;
    // The operator before it has done its work.
    if (x.rectified) {
      context.alias(x, x.dims);
      return undefined;
    }
    return map(context, x, (x) => Math.max(x, 0), true);
  },
});

const clip = [
  operator({
    since: 6,
    inputs: { x: needed(FLOAT) },
    attributes: { min: float(-MOST), max: float(MOST) },
    plan(context) {
      const { min, max } = context.attributes;
      return map(context, context.inputs.x, (x) => Math.min(Math.max(x, min), max));
    },
  }),
  operator({
    since: 11,
    inputs: { x: needed(FLOAT), min: optional(FLOAT), max: optional(FLOAT) },
    attributes: {},
    plan(context) {
      const { x, min, max } = context.inputs;
      const [low, high] = [min, max].map((bound: Value<"float32"> | undefined) => {
        if (bound?.dims.some((dim) => dim !== 1)) context.wrong(`has a bound of [${bound.dims}]`);
        return bound && context.view(bound);
      });
      const [input, output] = [context.view(x), context.view(context.output("float32", x.dims))];
      return () => {
        const least = low ? low()[0] : Number.NEGATIVE_INFINITY;
        const most = high ? high()[0] : Number.POSITIVE_INFINITY;
        const [from, to] = [input(), output()];
        for (let i = 0; i < to.length; i++) to[i] = Math.min(Math.max(from[i], least), most);
      };
    },
  }),
];

/** Activations. */
export const activationOperators: Operators = {
  Relu: relu,
  Clip: clip,
  Sigmoid: unary(6, sigmoid),
  Tanh: unary(6, Math.tanh),
  HardSwish: unary(14, (x) => x * Math.min(Math.max(x / 6 + 0.5, 0), 1)),
  Erf: unary(9, erf),
  Exp: unary(6, Math.exp),
  Sqrt: unary(6, Math.sqrt),
  LeakyRelu: operator({
    since: 6,
    inputs: { x: needed(FLOATS) },
    attributes: { alpha: float(0.01) },
    plan(context) {
      const { alpha } = context.attributes;
      return map(context, context.inputs.x, (x) => (x < 0 ? alpha * x : x));
    },
  }),
  HardSigmoid: operator({
    since: 6,
    inputs: { x: needed(FLOATS) },
    attributes: { alpha: float(0.2), beta: float(0.5) },
    plan(context) {
      const { alpha, beta } = context.attributes;
      return map(context, context.inputs.x, (x) => Math.min(Math.max(alpha * x + beta, 0), 1));
    },
  }),
  Elu: operator({
    since: 6,
    inputs: { x: needed(FLOATS) },
    attributes: { alpha: float(1) },
    plan(context) {
      const { alpha } = context.attributes;
      return map(context, context.inputs.x, (x) => (x < 0 ? alpha * Math.expm1(x) : x));
    },
  }),
  Gelu: operator({
    since: 20,
    inputs: { x: needed(FLOATS) },
    attributes: { approximate: oneOf("none", "tanh") },
    plan: (context) => map(context, context.inputs.x, GELU[context.attributes.approximate]),
  }),
};
