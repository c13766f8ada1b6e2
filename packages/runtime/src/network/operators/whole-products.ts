import { flag, float, int, only } from "../attributes.ts";
import { sizeOf } from "../elements.ts";
import { needed, type Operators, operator, optional, type Planning } from "../operator.ts";
import { WINDOW_ATTRIBUTES } from "../windows.ts";
import { dynamicQuantized } from "./quantization.ts";
import { FLOAT } from "./types.ts";
import { dequantized, requantized } from "./whole-finish.ts";
import { layered, slid } from "./whole-layers.ts";
import { convolved, type Filtering, type Pair, products, type Sums, type Target } from "./whole-sums.ts";

export const BYTES: readonly ("uint8" | "int8")[] = ["uint8", "int8"];

/** A product of whole numbers, by the codes of a constant matrix where there is one. */
export function productOf(context: Planning, pair: Pair, turned: boolean, target: Target): Sums {
  return layered(context, pair, turned, target) ?? products(context, pair, turned, target);
}

/** A convolution of whole numbers, by the codes of constant filters where there are some. */
export function convolutionOf(context: Planning, pair: Pair, attributes: Filtering, target: Target): Sums {
  return slid(context, pair, attributes, target) ?? convolved(context, pair, attributes, target);
}

/** Sums that are the output. */
const asOutput =
  (context: Planning): Target =>
  (dims) =>
    context.at(context.output("int32", dims));

/** Sums of which more is made. */
export const aside =
  (context: Planning): Target =>
  (dims) =>
    context.scratch(sizeOf(dims));

const integers = {
  a: needed(BYTES),
  b: needed(BYTES),
  zeroOfA: optional(BYTES, { like: "a" }),
  zeroOfB: optional(BYTES, { like: "b" }),
};

const matMulInteger = operator({
  since: 10,
  inputs: integers,
  attributes: {},
  plan: (context) => productOf(context, context.inputs, false, asOutput(context)).run,
});

export const filtering = { ...WINDOW_ATTRIBUTES, group: int(1) };

const convInteger = operator({
  since: 10,
  inputs: integers,
  attributes: filtering,
  plan: (context) => convolutionOf(context, context.inputs, context.attributes, asOutput(context)).run,
});

const factors = {
  a: needed(BYTES),
  scaleOfA: needed(FLOAT),
  zeroOfA: needed(BYTES, { like: "a" }),
  b: needed(BYTES),
  scaleOfB: needed(FLOAT),
  zeroOfB: needed(BYTES, { like: "b" }),
};

const quantized = { ...factors, scaleOfY: needed(FLOAT), zeroOfY: needed(BYTES) };

const qLinearMatMul = operator({
  since: 10,
  inputs: quantized,
  attributes: {},
  plan: (context) => requantized(context, productOf(context, context.inputs, false, aside(context)), context.inputs),
});

const qLinearConv = operator({
  since: 10,
  inputs: { ...quantized, bias: optional(["int32"]) },
  attributes: filtering,
  plan(context) {
    const { inputs, attributes } = context;
    if (inputs.bias && sizeOf(inputs.bias.dims) !== inputs.b.dims[0]) {
      context.wrong(`has ${inputs.b.dims[0]} filters and biases [${inputs.bias.dims}]`);
    }
    return requantized(context, convolutionOf(context, inputs, attributes, aside(context)), inputs);
  },
});

/** alpha A B' + C of whole numbers: bytes where the output has a scale, else floats. */
const qGemm = operator({
  since: 1,
  inputs: { ...factors, c: optional(["int32"]), scaleOfY: optional(FLOAT), zeroOfY: optional(BYTES) },
  attributes: { transA: only(0), transB: flag(false), alpha: float(1) },
  plan(context) {
    const { c, scaleOfY, zeroOfY, ...inputs } = context.inputs;
    const { transB, alpha } = context.attributes;
    if (inputs.a.dims.length !== 2 || inputs.b.dims.length !== 2) {
      context.wrong(`multiplies [${inputs.a.dims}] by [${inputs.b.dims}]`);
    }
    if (c && c.dims.length > 1 && c.dims[0] !== 1) context.refuse(`adds [${c.dims}]`);
    const sums = productOf(context, inputs, transB, aside(context));
    if (!scaleOfY) return dequantized(context, sums, { ...inputs, alpha }, c);
    if (!zeroOfY) return context.refuse("has a scale of its output without a zero");
    return requantized(context, sums, { ...inputs, scaleOfY, zeroOfY, bias: c, alpha });
  },
});

/** a b times the scales of both, and a bias. */
const matMulIntegerToFloat = operator({
  since: 1,
  inputs: {
    a: needed(BYTES),
    b: needed(BYTES),
    scaleOfA: needed(FLOAT),
    scaleOfB: needed(FLOAT),
    zeroOfA: optional(BYTES, { like: "a" }),
    zeroOfB: optional(BYTES, { like: "b" }),
    bias: optional(FLOAT),
  },
  attributes: {},
  plan(context) {
    const { inputs } = context;
    return dequantized(context, productOf(context, inputs, false, aside(context)), inputs, inputs.bias);
  },
});

/** The same of floats, which are brought into bytes by their range first, as DynamicQuantizeLinear does. */
const dynamicQuantizeMatMul = operator({
  since: 1,
  inputs: {
    a: needed(FLOAT),
    b: needed(BYTES),
    scaleOfB: needed(FLOAT),
    zeroOfB: optional(BYTES, { like: "b" }),
    bias: optional(FLOAT),
  },
  attributes: {},
  plan(context) {
    const { a, bias, ...weights } = context.inputs;
    const [x, scaleOfA, zeroOfA] = dynamicQuantized(context, a);
    const sums = productOf(context, { ...weights, a: x, zeroOfA }, false, aside(context));
    return dequantized(context, sums, { ...weights, scaleOfA }, bias);
  },
});

/** Products of whole numbers. */
export const wholeProductOperators: Operators = {
  MatMulInteger: matMulInteger,
  ConvInteger: convInteger,
  QLinearMatMul: qLinearMatMul,
  QLinearConv: qLinearConv,
  "com.microsoft.QGemm": qGemm,
  "com.microsoft.MatMulIntegerToFloat": matMulIntegerToFloat,
  "com.microsoft.DynamicQuantizeMatMul": dynamicQuantizeMatMul,
};
