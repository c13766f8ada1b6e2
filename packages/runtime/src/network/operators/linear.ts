import { flag, float, int } from "../attributes.ts";
import {
  needed,
  type Operator,
  type Operators,
  operator,
  optional,
  type Planning,
  rest,
  type Value,
} from "../operator.ts";
import { WINDOW_ATTRIBUTES } from "../windows.ts";
import { dequantizeLinear, quantizeLinear } from "./quantization.ts";
import { FLOAT } from "./types.ts";
import { BYTES } from "./whole-products.ts";

// ONNX Runtime's operators on bytes: what their names say is computed of the floats that the bytes stand for.

type Bytes = Value<"uint8" | "int8">;

/** Bytes and what they stand for. */
interface Quantized {
  readonly x: Value;
  readonly scale: Value;
  readonly zero: Value | undefined;
}

const floatsOf = (context: Planning, { x, scale, zero }: Quantized) =>
  context.apply(dequantizeLinear, zero ? [x, scale, zero] : [x, scale], { axis: 1, block_size: 0, output_dtype: 0 });

/** TensorProto.DataType of bytes. */
const CODE = { uint8: 2, int8: 3 } as const;

/** Gives floats as bytes of a type, which is that of the zero where there is one. */
function give(context: Planning, y: Value, type: Bytes["type"], scale: Value, zero: Bytes | undefined): undefined {
  const inputs = zero ? [y, scale, zero] : [y, scale];
  const attributes = { axis: 1, block_size: 0, output_dtype: CODE[type], saturate: 1, precision: 0 };
  const made = context.apply(quantizeLinear, inputs, attributes);
  context.alias(made, made.dims);
}

/** The newest form of an operator. */
function newest(operators: Operators, name: string): Operator {
  const form = [operators[name] ?? []].flat().at(-1);
  if (!form) throw new Error(`There is no operator ${name}.`);
  return form;
}

const one = {
  x: needed(BYTES),
  scale: needed(FLOAT),
  zero: optional(BYTES),
  scaleOfY: needed(FLOAT),
  zeroOfY: optional(BYTES, { like: "x" }),
};

/** An operator of one input. */
function unary(operators: Operators, name: string, attributes: Operator["attributes"] = {}): Operator {
  const inner = newest(operators, name);
  return operator({
    since: 1,
    inputs: one,
    attributes,
    plan(context) {
      const { scaleOfY, zeroOfY, ...given } = context.inputs;
      const y = context.apply(inner, [floatsOf(context, given)], context.attributes);
      return give(context, y, given.x.type, scaleOfY, zeroOfY);
    },
  });
}

/** An operator of two inputs, which may stretch each other. */
function binary(operators: Operators, name: "Add" | "Mul"): Operator {
  const inner = newest(operators, name);
  return operator({
    since: 1,
    inputs: {
      a: needed(BYTES),
      scaleOfA: needed(FLOAT),
      zeroOfA: optional(BYTES),
      b: needed(BYTES, { like: "a" }),
      scaleOfB: needed(FLOAT),
      zeroOfB: optional(BYTES),
      scaleOfY: needed(FLOAT),
      zeroOfY: optional(BYTES, { like: "a" }),
    },
    attributes: {},
    plan(context) {
      const { a, scaleOfA, zeroOfA, b, scaleOfB, zeroOfB, scaleOfY, zeroOfY } = context.inputs;
      const left = floatsOf(context, { x: a, scale: scaleOfA, zero: zeroOfA });
      const right = floatsOf(context, { x: b, scale: scaleOfB, zero: zeroOfB });
      return give(context, context.apply(inner, [left, right], {}), a.type, scaleOfY, zeroOfY);
    },
  });
}

const concatenation = (inner: Operator) =>
  operator({
    since: 1,
    inputs: { scale: needed(FLOAT), zero: needed(BYTES), parts: rest([...BYTES, ...FLOAT], { mixed: true }) },
    attributes: { axis: int() },
    plan(context) {
      const { scale, zero, parts } = context.inputs;
      if (parts.length % 3 !== 0)
        context.wrong(`has ${parts.length} inputs, which are no tensors with scales and zeros`);
      const floats = Array.from({ length: parts.length / 3 }, (_, i) =>
        floatsOf(context, { x: parts[3 * i], scale: parts[3 * i + 1], zero: parts[3 * i + 2] }),
      );
      return give(context, context.apply(inner, floats, context.attributes), zero.type, scale, zero);
    },
  });

const softmax = (inner: Operator) =>
  operator({
    since: 1,
    inputs: one,
    attributes: { axis: int(-1), opset: int() },
    plan(context) {
      const { scaleOfY, zeroOfY, ...given } = context.inputs;
      const { axis } = context.attributes;
      // Over the last axis all operator sets mean the same.
      if (axis !== -1 && axis !== given.x.dims.length - 1)
        context.refuse(`has the axis ${axis}, which is not the last`);
      const y = context.apply(inner, [floatsOf(context, given)], { axis: -1 });
      return give(context, y, given.x.type, scaleOfY, zeroOfY);
    },
  });

/** Whether channels come last is read where it is said that they do not. */
const channelsLast = int(0);

/** Pooling by means, of channels that come second. */
function pooled(
  operators: Operators,
  name: "AveragePool" | "GlobalAveragePool",
  attributes: Operator["attributes"],
): Operator {
  const inner = newest(operators, name);
  return operator({
    since: 1,
    inputs: one,
    attributes: { ...attributes, channels_last: channelsLast },
    plan(context) {
      const { scaleOfY, zeroOfY, ...given } = context.inputs;
      const { channels_last, ...read } = context.attributes;
      if (channels_last !== 0) context.refuse("has its channels last");
      const y = context.apply(inner, [floatsOf(context, given)], read);
      return give(context, y, given.x.type, scaleOfY, zeroOfY);
    },
  });
}

/** Operators on quantized values, made of those on floats. */
export const linearOperators = (common: Operators): Operators => ({
  "com.microsoft.QuantizeLinear": { ...quantizeLinear, since: 1 },
  "com.microsoft.DequantizeLinear": { ...dequantizeLinear, since: 1 },
  "com.microsoft.QLinearAdd": binary(common, "Add"),
  "com.microsoft.QLinearMul": binary(common, "Mul"),
  "com.microsoft.QLinearSigmoid": unary(common, "Sigmoid"),
  "com.microsoft.QLinearLeakyRelu": unary(common, "LeakyRelu", { alpha: float(0.01) }),
  "com.microsoft.QLinearSoftmax": softmax(newest(common, "Softmax")),
  "com.microsoft.QLinearConcat": concatenation(newest(common, "Concat")),
  "com.microsoft.QLinearGlobalAveragePool": pooled(common, "GlobalAveragePool", {}),
  "com.microsoft.QLinearAveragePool": pooled(common, "AveragePool", {
    ...WINDOW_ATTRIBUTES,
    ceil_mode: flag(false),
    count_include_pad: flag(false),
  }),
});
