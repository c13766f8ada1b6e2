import { float, oneOf } from "../attributes.ts";
import type { Numbers } from "../elements.ts";
import {
  type AttributeOf,
  type Attributes,
  needed,
  type Operators,
  operator,
  optional,
  type Planning,
  type Step,
  type Value,
} from "../operator.ts";
import { combine, join, map } from "./elementwise.ts";
import { activate, isFloat32 } from "./floats.ts";
import { aligned, stretches } from "./shapes.ts";
import { FLOAT, FLOATS, NUMBERS, type Numeric } from "./types.ts";

/** The largest float32. */
const MOST = 3.4028234663852886e38;

/** A function of each element, and the kernel that computes it of float32. */
export function unary(since: number, f: (x: number) => number, kernel?: Parameters<typeof activate>[1]) {
  return operator({
    since,
    inputs: { x: needed(FLOATS) },
    attributes: {},
    plan(context) {
      const { x } = context.inputs;
      return kernel && isFloat32(x) ? activate(context, kernel, x) : map(context, x, x.type, f);
    },
  });
}

/** A function of each element that attributes shape, and the kernel that computes it of float32. */
function shaped<A extends Attributes>(
  since: number,
  attributes: A,
  f: (given: Given<A>) => (x: number) => number,
  kernel?: Parameters<typeof activate>[1],
  shape: (given: Given<A>) => readonly [number, number] = () => [0, 0],
) {
  return operator({
    since,
    inputs: { x: needed(FLOATS) },
    attributes,
    plan(context) {
      const { x } = context.inputs;
      if (!kernel || !isFloat32(x)) return map(context, x, x.type, f(context.attributes));
      const numbers = shape(context.attributes);
      return activate(context, kernel, x, () => numbers);
    },
  });
}

type Given<A> = { readonly [K in keyof A]: AttributeOf<A[K]> };

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

/** log(1 + e^x), without a large number on the way. */
export const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

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
    return activate(context, "clip", x, () => [0, Number.POSITIVE_INFINITY], true);
  },
});

const clip = [
  operator({
    since: 6,
    inputs: { x: needed(FLOAT) },
    attributes: { min: float(-MOST), max: float(MOST) },
    plan(context) {
      const { min, max } = context.attributes;
      return activate(context, "clip", context.inputs.x, () => [min, max]);
    },
  }),
  operator({
    since: 11,
    inputs: { x: needed(NUMBERS), min: optional(NUMBERS, { like: "x" }), max: optional(NUMBERS, { like: "x" }) },
    attributes: {},
    plan(context) {
      const { x, min, max } = context.inputs;
      const [low, high] = [min, max].map((bound: Value<Numeric> | undefined) => {
        if (bound?.dims.some((dim) => dim !== 1)) context.wrong(`has a bound of [${bound.dims}]`);
        return bound && context.view(bound);
      });
      if (!isFloat32(x)) return hold(context, x, low, high);
      const least = () => Number(low?.()[0] ?? Number.NEGATIVE_INFINITY);
      const most = () => Number(high?.()[0] ?? Number.POSITIVE_INFINITY);
      return activate(context, "clip", x, () => [least(), most()]);
    },
  }),
];

/** Holds numbers of any type between two bounds; where these cross, the upper one is meant. */
function hold(context: Planning, x: Value, low: Bound | undefined, high: Bound | undefined): Step {
  const [input, output] = [context.view(x), context.view(context.output(x.type, x.dims))];
  return () => {
    const [from, least, most] = [input(), low?.()[0], high?.()[0]];
    join<number | bigint, number | bigint>(from, undefined, from, undefined, output(), (number) => {
      const held = least !== undefined && number < least ? least : number;
      return most !== undefined && held > most ? most : held;
    });
  };
}

type Bound = () => Numbers;

/** x, times a slope below zero: one for each element of a shape that can be stretched to its own. */
function sloping(context: Planning, x: Value, slope: Value): Step {
  if (!stretches(slope.dims, x.dims)) context.wrong(`has slopes [${slope.dims}] for [${x.dims}]`);
  return combine(context, x, slope, { float: (x, slope) => (x < 0 ? slope * x : x), big: (x) => x });
}

const slopes = { x: needed(FLOATS), slope: needed(FLOATS, { like: "x" }) };

/** Before operator set 7 slopes are of the channels, or one of all. */
const prelu = [
  operator({
    since: 6,
    until: 6,
    inputs: slopes,
    attributes: {},
    plan(context) {
      const { x, slope } = context.inputs;
      const axis = slope.dims.length === 1 && slope.dims[0] > 1 ? 1 : undefined;
      return sloping(context, x, aligned(context, x, slope, { broadcast: true, axis }));
    },
  }),
  operator({
    since: 7,
    inputs: slopes,
    attributes: {},
    plan: (context) => sloping(context, context.inputs.x, context.inputs.slope),
  }),
];

/** Activations. */
export const activationOperators: Operators = {
  Relu: relu,
  Clip: clip,
  PRelu: prelu,
  Sigmoid: unary(6, sigmoid, "sigmoid"),
  Tanh: unary(6, Math.tanh, "tanh"),
  HardSwish: shaped(
    14,
    {},
    () => (x) => x * Math.min(Math.max(x / 6 + 0.5, 0), 1),
    "hardSwish",
    () => [1 / 6, 0.5],
  ),
  Erf: unary(9, erf),
  Softplus: unary(1, softplus),
  Softsign: unary(1, (x) => x / (1 + Math.abs(x))),
  Mish: unary(18, (x) => x * Math.tanh(softplus(x))),
  LeakyRelu: shaped(
    6,
    { alpha: float(0.01) },
    ({ alpha }) =>
      (x) =>
        x < 0 ? alpha * x : x,
    "leaky",
    ({ alpha }) => [alpha, 0],
  ),
  ThresholdedRelu: shaped(
    10,
    { alpha: float(1) },
    ({ alpha }) =>
      (x) =>
        x > alpha ? x : 0,
  ),
  HardSigmoid: shaped(
    6,
    { alpha: float(0.2), beta: float(0.5) },
    ({ alpha, beta }) =>
      (x) =>
        Math.min(Math.max(alpha * x + beta, 0), 1),
    "hardSigmoid",
    ({ alpha, beta }) => [alpha, beta],
  ),
  Elu: shaped(
    6,
    { alpha: float(1) },
    ({ alpha }) =>
      (x) =>
        x < 0 ? alpha * Math.expm1(x) : x,
  ),
  Celu: shaped(
    12,
    { alpha: float(1) },
    ({ alpha }) =>
      (x) =>
        x < 0 ? alpha * Math.expm1(x / alpha) : x,
  ),
  Selu: shaped(6, { alpha: float(1.6732631921768188), gamma: float(1.0507010221481323) }, ({ alpha, gamma }) => {
    return (x) => gamma * (x > 0 ? x : alpha * Math.expm1(x));
  }),
  Swish: shaped(
    24,
    { alpha: float(1) },
    ({ alpha }) =>
      (x) =>
        x * sigmoid(alpha * x),
  ),
  Shrink: shaped(9, { lambd: float(0.5), bias: float(0) }, ({ lambd, bias }) => {
    return (x) => (x < -lambd ? x + bias : x > lambd ? x - bias : 0);
  }),
  Gelu: shaped(20, { approximate: oneOf("none", "tanh") }, ({ approximate }) => GELU[approximate]),
};
