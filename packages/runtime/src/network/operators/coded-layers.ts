import { int } from "../attributes.ts";
import type { CodePlaces } from "../codes-matrix.ts";
import type { Constant } from "../constant.ts";
import { sizeOf } from "../elements.ts";
import { padded } from "../forms.ts";
import { CODED_CONV, CODED_PRODUCT } from "../fuse-codes.ts";
import { needed, type Operators, operator, optional, type Planning, type Value } from "../operator.ts";
import { ScaledMatrix, type Scales } from "../scaled-matrix.ts";
import { filtersOver, slide } from "./convolution.ts";
import { multiply } from "./dense.ts";
import { isFloat32 } from "./floats.ts";
import { FLOAT } from "./types.ts";
import { dequantized } from "./whole-finish.ts";
import { shiftOf } from "./whole-layers.ts";
import { aside, BYTES, convolutionOf, filtering, productOf } from "./whole-products.ts";
import type { Bytes } from "./whole-sums.ts";

// Layers with a DequantizeLinear in front of their weights: see `fuse-codes.ts`.

const inputs = {
  x: needed([...FLOAT, ...BYTES]),
  codes: needed(BYTES),
  scale: needed(FLOAT),
  zero: optional(BYTES, { like: "codes" }),
  bias: optional(FLOAT),
  /** What the input's bytes stand for, where there is a DequantizeLinear in front of it too. */
  scaleOfX: optional(FLOAT),
  zeroOfX: optional(BYTES, { like: "x" }),
};

interface Coded {
  readonly codes: Bytes;
  readonly scale: Value<"float32">;
  readonly zero: Bytes | undefined;
  readonly bias: Value<"float32"> | undefined;
}

const isBytes = (x: Value): x is Bytes => x.type === "int8" || x.type === "uint8";

/** The weights in memory, as bytes. */
function layerOf(
  context: Planning,
  { codes, scale, zero, bias }: Coded,
  columns: number,
  places: Omit<CodePlaces, "data" | "shift">,
  scales: (given: Float32Array) => Scales,
): ScaledMatrix {
  return context.kept([codes, scale, zero, bias], () => {
    const { data } = constant(context, codes);
    const given = { ...places, data, shift: shiftOf(data) };
    const biases = bias && constant(context, bias).data;
    return context.held(
      new ScaledMatrix(context.machine, given, columns, scales(constant(context, scale).data), biases),
    );
  });
}

function constant<T extends "float32" | "int8" | "uint8">(context: Planning, value: Value<T>): Constant<T> {
  const found = context.constant(value);
  return found ?? context.refuse("has weights that are computed");
}

const conv = operator({
  since: 1,
  inputs,
  attributes: filtering,
  plan(context) {
    const { x, scaleOfX, zeroOfX, ...layer } = context.inputs;
    const { attributes } = context;
    const { codes, scale, zero, bias } = layer;
    if (isBytes(x) && scaleOfX) {
      const pair = { a: x, b: codes, zeroOfA: zeroOfX, zeroOfB: zero };
      const sums = convolutionOf(context, pair, attributes, aside(context));
      return dequantized(context, sums, { scaleOfA: scaleOfX, scaleOfB: scale }, bias);
    }
    if (!isFloat32(x)) return context.refuse(`has an input of ${x.type} without a scale`);
    const windows = filtersOver(context, x, codes, attributes);
    const [rows, ...window] = codes.dims;
    const taps = sizeOf(window);
    const columns = Int32Array.from({ length: padded(taps) }, (_, k) => (k < taps ? k : -1));
    const matrix = layerOf(context, layer, taps, { rows, step: taps, columns }, (given) => ({
      groups: 1,
      of: (row) => given[given.length === 1 ? 0 : row],
    }));
    const floor = context.takesRelu() ? 0 : Number.NEGATIVE_INFINITY;
    const y = context.output("float32", [x.dims[0], rows, ...windows.output]);
    return slide(context, matrix, { at: context.at(x), dims: x.dims }, context.at(y), windows, floor);
  },
});

const product = operator({
  since: 1,
  inputs,
  // Whether the weights are read as their transpose, how many of a column share a scale (0: all), and how many axes the
  // input must have (0: any).
  attributes: { turned: int(0), block: int(0), rank: int(0) },
  plan(context) {
    const { x, scaleOfX, zeroOfX, ...layer } = context.inputs;
    const { codes, scale, zero, bias } = layer;
    const { turned, block, rank } = context.attributes;
    if (x.dims.length === 0 || (rank > 0 && x.dims.length !== rank)) {
      context.wrong(`multiplies [${x.dims}] by [${codes.dims}]`);
    }
    if (isBytes(x) && scaleOfX) {
      const pair = { a: x, b: codes, zeroOfA: zeroOfX, zeroOfB: zero };
      const sums = productOf(context, pair, turned === 1, aside(context));
      return dequantized(context, sums, { scaleOfA: scaleOfX, scaleOfB: scale }, bias);
    }
    if (!isFloat32(x)) return context.refuse(`has an input of ${x.type} without a scale`);
    const [length, rows] = turned ? [codes.dims[1], codes.dims[0]] : codes.dims;
    const groups = block === 0 ? 1 : Math.ceil(length / block);
    const count = block === 0 ? padded(length) : groups * block;
    const step = turned ? 1 : rows;
    const columns = Int32Array.from({ length: count }, (_, k) => (k < length ? k * step : -1));
    const matrix = layerOf(context, layer, length, { rows, step: turned ? length : 1, columns }, (given) => ({
      groups,
      of(row, group) {
        if (block > 0) return given[turned ? row * groups + group : group * rows + row];
        return given[given.length === 1 ? 0 : row];
      },
    }));
    return multiply(context, matrix, x, [...x.dims.slice(0, -1), rows]);
  },
});

/** Layers whose weights are bytes. */
export const codedLayerOperators: Operators = { [CODED_CONV]: conv, [CODED_PRODUCT]: product };
