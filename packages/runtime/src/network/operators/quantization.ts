import { int, only } from "../attributes.ts";
import { type ElementType, sizeOf, typeOf } from "../elements.ts";
import { needed, type Operators, operator, optional, type Planning, type Value } from "../operator.ts";
import { round } from "./math.ts";
import { axisIn } from "./shapes.ts";
import { FLOAT } from "./types.ts";

type Whole = "uint8" | "int8" | "uint16" | "int16" | "int32";
type Narrow = Exclude<Whole, "int32">;
const NARROW: readonly Narrow[] = ["uint8", "int8", "uint16", "int16"];
const WHOLE: readonly Whole[] = [...NARROW, "int32"];

/** The least and the largest number of a type. */
export const RANGES: { readonly [T in Narrow]: readonly [least: number, most: number] } = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
};

/** Which of the scales belongs to each element: one for all, one for each place of an axis, or one for each block of it. */
function scaleOf(
  context: Planning,
  dims: readonly number[],
  scale: Value,
  zero: Value | undefined,
  axisGiven: number,
  block: number,
): (i: number) => number {
  if (zero && zero.dims.join() !== scale.dims.join())
    context.wrong(`has scales [${scale.dims}] and zeros [${zero.dims}]`);
  if (isOne(scale, block)) return () => 0;
  const axis = axisIn(context, axisGiven, dims.length);
  const inner = sizeOf(dims.slice(axis + 1));
  const count = dims[axis];
  if (block === 0) {
    if (scale.dims.join() !== String(count)) context.wrong(`scales ${count} places by [${scale.dims}]`);
    return (i) => Math.floor(i / inner) % count;
  }
  const blocks = Math.ceil(count / block);
  const expected = dims.map((dim, i) => (i === axis ? blocks : dim));
  if (block < 0 || scale.dims.join() !== expected.join()) {
    context.wrong(`scales blocks of ${block} of [${dims}] by [${scale.dims}]`);
  }
  return (i) => {
    const place = Math.floor((Math.floor(i / inner) % count) / block);
    return (Math.floor(i / (inner * count)) * blocks + place) * inner + (i % inner);
  };
}

/** True if one scale is that of all elements. */
const isOne = ({ dims }: Value, block: number) => block === 0 && sizeOf(dims) === 1 && dims.length < 2;

const isByte = (type: ElementType) => type === "int8" || type === "uint8";

const scaling = { axis: int(1), block_size: int(0) };

/** The element type that a node asks for by number; 0 asks for none. */
function asked<T extends ElementType>(context: Planning, code: number, types: readonly T[], absent: T): T {
  const found = code === 0 ? absent : types.find((type) => type === typeOf(code));
  return found ?? context.refuse(`makes elements of the type ${code} of ONNX`);
}

/** round(x / scale) + zero, held inside the type's range; of two whole numbers as near, the even one. */
export const quantizeLinear = operator({
  since: 10,
  inputs: { x: needed([...FLOAT, "int32"]), scale: needed(FLOAT), zero: optional(NARROW) },
  // How eight-bit floats are made, of which none is one here, and in which type is divided: float32.
  attributes: { ...scaling, saturate: only(1), output_dtype: int(0), precision: int(0) },
  plan(context) {
    const { x, scale, zero } = context.inputs;
    const { axis, block_size, output_dtype, precision } = context.attributes;
    if (precision !== 0 && typeOf(precision) !== "float32") context.refuse(`divides in the type ${precision} of ONNX`);
    const type = asked(context, output_dtype, NARROW, zero?.type ?? "uint8");
    if (zero && zero.type !== type) context.wrong(`makes ${type} around a zero of ${zero.type}`);
    const at = scaleOf(context, x.dims, scale, zero, axis, block_size);
    const y = context.output(type, x.dims);
    const [scales, zeros] = [context.view(scale), zero && context.view(zero)];
    if (x.type === "float32" && isByte(type) && isOne(scale, block_size)) {
      const { kernels } = context.machine;
      const [from, to, signed] = [context.at(x), context.at(y), type === "int8" ? 1 : 0];
      return () => kernels.quantize(sizeOf(x.dims), from, to, scales()[0], zeros?.()[0] ?? 0, signed);
    }
    const [least, most] = RANGES[type];
    const [input, output] = [context.view(x), context.view(y)];
    return () => {
      const [from, to, by, plus] = [input(), output(), scales(), zeros?.()];
      for (let i = 0; i < to.length; i++) {
        const place = at(i);
        const whole = round(Math.fround(from[i] / by[place])) + (plus ? plus[place] : 0);
        to[i] = Math.min(Math.max(whole, least), most);
      }
    };
  },
});

/** (x - zero) * scale. */
export const dequantizeLinear = operator({
  since: 10,
  inputs: { x: needed(WHOLE), scale: needed(FLOAT), zero: optional(WHOLE, { like: "x" }) },
  attributes: { ...scaling, output_dtype: int(0) },
  plan(context) {
    const { x, scale, zero } = context.inputs;
    const { axis, block_size, output_dtype } = context.attributes;
    asked(context, output_dtype, FLOAT, "float32");
    const at = scaleOf(context, x.dims, scale, zero, axis, block_size);
    const y = context.output("float32", x.dims);
    const [scales, zeros] = [context.view(scale), zero && context.view(zero)];
    if (isByte(x.type) && isOne(scale, block_size)) {
      const { kernels } = context.machine;
      const [from, to, signed] = [context.at(x), context.at(y), x.type === "int8" ? 1 : 0];
      return () => kernels.dequantize(sizeOf(x.dims), from, to, scales()[0], zeros?.()[0] ?? 0, signed);
    }
    const [input, output] = [context.view(x), context.view(y)];
    return () => {
      const [from, to, by, minus] = [input(), output(), scales(), zeros?.()];
      for (let i = 0; i < to.length; i++) {
        const place = at(i);
        to[i] = (from[i] - (minus ? minus[place] : 0)) * by[place];
      }
    };
  },
});

/** The range of numbers, 0 in it, in 255 steps: the scale of their bytes. */
function scaleFor(from: Float32Array): number {
  let [least, most] = [0, 0];
  for (let i = 0; i < from.length; i++) {
    if (from[i] < least) least = from[i];
    if (from[i] > most) most = from[i];
  }
  return Math.fround(Math.fround(most - least) / 255);
}

/** The byte that stands for 0. */
function zeroFor(from: Float32Array, scale: number): number {
  let least = 0;
  for (let i = 0; i < from.length; i++) if (from[i] < least) least = from[i];
  return scale === 0 ? 0 : Math.min(Math.max(round(Math.fround(-least / scale)), 0), 255);
}

/** Quantizes to uint8 by the range of what comes. */
export const dynamicQuantizeLinear = operator({
  since: 11,
  inputs: { x: needed(FLOAT) },
  attributes: {},
  outputs: 3,
  plan(context) {
    const { x } = context.inputs;
    const parts = dynamicQuantized(context, x);
    for (const [i, part] of parts.entries()) if (context.wants(i)) context.alias(part, part.dims, i);
    return undefined;
  },
});

/** The scale, or the zero, of numbers by their range. */
const scaleOfRange = operator({
  since: 1,
  inputs: { x: needed(FLOAT) },
  attributes: {},
  plan(context) {
    const [input, output] = [context.view(context.inputs.x), context.view(context.output("float32", []))];
    return () => {
      output()[0] = scaleFor(input());
    };
  },
});

const zeroOfRange = operator({
  since: 1,
  inputs: { x: needed(FLOAT), scale: needed(FLOAT) },
  attributes: {},
  plan(context) {
    const { x, scale } = context.inputs;
    const [input, by, output] = [context.view(x), context.view(scale), context.view(context.output("uint8", []))];
    return () => {
      output()[0] = zeroFor(input(), by()[0]);
    };
  },
});

/** Floats as bytes by their range, with the scale and the zero that these have. */
export function dynamicQuantized(
  context: Planning,
  x: Value<"float32">,
): [bytes: Value<"uint8">, scale: Value<"float32">, zero: Value<"uint8">] {
  const scale = typed(context.apply(scaleOfRange, [x], {}), "float32");
  const zero = typed(context.apply(zeroOfRange, [x, scale], {}), "uint8");
  const attributes = { axis: 1, block_size: 0, saturate: 1, output_dtype: 0, precision: 0 };
  return [typed(context.apply(quantizeLinear, [x, scale, zero], attributes), "uint8"), scale, zero];
}

/** A value of a type that is known. */
function typed<T extends ElementType>(value: Value, type: T): Value<T> {
  if (value.type === type) return value as Value<T>;
  throw new Error(`A value of ${value.type} is taken for ${type}.`);
}

/** Whole numbers in place of floats, and back. */
export const quantizationOperators: Operators = {
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  DynamicQuantizeLinear: dynamicQuantizeLinear,
};
