import { flag, int, optionalInt, tensor } from "../attributes.ts";
import { type ElementType, type Numbers, sizeOf, typeOf } from "../elements.ts";
import { needed, type Operators, operator, optional } from "../operator.ts";
import { isBig } from "./elementwise.ts";
import { pick } from "./pick.ts";
import {
  axisIn,
  broadcast,
  checkMade,
  gridOf,
  onlyOf,
  stepsOf,
  stretched,
  wholesOf,
  wordsIn,
  wordsOf,
} from "./shapes.ts";
import { ANY, INDICES, INT64, NUMBERS } from "./types.ts";

const expand = operator({
  since: 8,
  inputs: { input: needed(ANY), shape: needed(INT64) },
  attributes: {},
  plan(context) {
    const { input, shape } = context.inputs;
    const dims = broadcast(context, input.dims, wholesOf(context, shape));
    return pick(context, input, dims, stretched(input.dims, dims));
  },
});

const tile = operator({
  since: 6,
  inputs: { input: needed(ANY), repeats: needed(INT64) },
  attributes: {},
  plan(context) {
    const { input, repeats } = context.inputs;
    const times = wholesOf(context, repeats);
    if (times.length !== input.dims.length || times.some((count) => count < 0)) {
      context.wrong(`repeats [${input.dims}] by [${times}]`);
    }
    checkMade(
      context,
      input.dims.map((dim, axis) => dim * times[axis]),
    );
    const steps = stepsOf(input.dims);
    const tables = input.dims.map((dim, axis) =>
      Array.from({ length: dim * times[axis] }, (_, i) => (i % dim) * steps[axis]),
    );
    return pick(
      context,
      input,
      tables.map(({ length }) => length),
      gridOf(tables),
    );
  },
});

const constantOfShape = operator({
  since: 9,
  inputs: { shape: needed(INT64) },
  attributes: { value: tensor() },
  plan(context) {
    const { value } = context.attributes;
    const dims = wholesOf(context, context.inputs.shape);
    if (dims.some((dim) => dim < 0)) context.wrong(`makes a tensor of [${dims}]`);
    const output = context.view(context.output(value?.type ?? "float32", dims));
    if (value && value.data.length !== 1) context.refuse(`fills with a value of [${value.dims}], which is not one`);
    const number = value?.data[0] ?? 0;
    return () => fill(output(), number);
  },
});

/** Writes one number everywhere. */
export function fill(to: Numbers, number: number | bigint): void {
  if (isBig(to)) to.fill(BigInt(number));
  else to.fill(Number(number));
}

const RANGED = ["float32", "float64", "int16", "int32", "int64"] as const;

/** Numbers from a start to a limit that is not reached, so far apart. */
const range = operator({
  since: 11,
  inputs: { start: needed(RANGED), limit: needed(RANGED, { like: "start" }), delta: needed(RANGED, { like: "start" }) },
  attributes: {},
  plan(context) {
    const { start, limit, delta } = context.inputs;
    const first = onlyOf(context, "start", start);
    const end = onlyOf(context, "limit", limit);
    const step = onlyOf(context, "delta", delta);
    if (Number(step) === 0) context.wrong("has a step of 0");
    const count = Math.max(0, Math.ceil((Number(end) - Number(first)) / Number(step)));
    if (!Number.isFinite(count)) context.wrong(`goes from ${first} to ${end} in steps of ${step}`);
    const output = context.view(context.output(start.type, [count]));
    return () => {
      const to = output();
      if (isBig(to)) for (let i = 0; i < count; i++) to[i] = BigInt(first) + BigInt(i) * BigInt(step);
      else for (let i = 0; i < count; i++) to[i] = Number(first) + i * Number(step);
    };
  },
});

const eyeLike = operator({
  since: 9,
  inputs: { input: needed(ANY, { reads: "shape" }) },
  attributes: { dtype: optionalInt(), k: int(0) },
  plan(context) {
    const { input } = context.inputs;
    const { dtype, k } = context.attributes;
    const type: ElementType | undefined = dtype === undefined ? input.type : typeOf(dtype);
    if (!type || type === "float16") return context.refuse(`makes elements of the type ${dtype} of ONNX`);
    if (input.dims.length !== 2) context.wrong(`makes a diagonal in [${input.dims}]`);
    const [rows, columns] = input.dims;
    const output = context.view(context.output(type, input.dims));
    return () => {
      const to = output();
      fill(to, 0);
      for (let row = Math.max(0, -k); row < rows && row + k < columns; row++) {
        const at = row * columns + row + k;
        if (isBig(to)) to[at] = 1n;
        else to[at] = 1;
      }
    };
  },
});

/**
 * For each index a line of zeros, so to say, with a one at its place.
 * @param fromEnd true where an index below zero is counted from the end
 */
const oneHot = (since: number, fromEnd: boolean) =>
  operator({
    since,
    inputs: { indices: needed(NUMBERS), depth: needed(NUMBERS), values: needed(ANY) },
    attributes: { axis: int(-1) },
    plan(context) {
      const { indices, depth, values } = context.inputs;
      if (values.dims.join() !== "2") context.wrong(`has values of [${values.dims}], which are not two`);
      const count = Math.trunc(Number(onlyOf(context, "depth", depth)));
      if (!(count >= 0)) context.wrong(`makes an axis of ${count} elements`);
      const axis = axisIn(context, context.attributes.axis, indices.dims.length + 1);
      const dims = [...indices.dims.slice(0, axis), count, ...indices.dims.slice(axis)];
      const inner = sizeOf(indices.dims.slice(axis));
      const words = wordsIn(values.type);
      const [given, pair] = [context.view(indices), wordsOf(context, values)];
      const output = wordsOf(context, context.output(values.type, dims));
      return () => {
        const [places, from, to] = [given(), pair(), output()];
        for (let i = 0; i < to.length; i++) to[i] = from[i % words];
        for (let i = 0; i < places.length; i++) {
          const index = Math.trunc(Number(places[i]));
          // What lies outside has no one.
          if (index < (fromEnd ? -count : 0) || index >= count) continue;
          const row = index < 0 ? index + count : index;
          const at = ((Math.floor(i / inner) * count + row) * inner + (i % inner)) * words;
          for (let k = 0; k < words; k++) to[at + k] = from[words + k];
        }
      };
    },
  });

/** The upper or lower triangle of the last two axes. */
const trilu = operator({
  since: 14,
  inputs: { input: needed(ANY), k: optional(INT64) },
  attributes: { upper: flag(true) },
  plan(context) {
    const { input, k } = context.inputs;
    const { upper } = context.attributes;
    if (input.dims.length < 2) context.wrong(`reads [${input.dims}] as matrices`);
    const shift = k ? Number(onlyOf(context, "k", k)) : 0;
    const [rows, columns] = input.dims.slice(-2);
    const words = wordsIn(input.type);
    const [view, output] = [wordsOf(context, input), wordsOf(context, context.output(input.type, input.dims))];
    return () => {
      const [from, to] = [view(), output()];
      for (let i = 0; i < to.length; i++) {
        const place = Math.floor(i / words);
        const above = (place % columns) - (Math.floor(place / columns) % rows) - shift;
        to[i] = (upper ? above >= 0 : above <= 0) ? from[i] : 0;
      }
    };
  },
});

/** Sums of all elements up to each along an axis, with it or without. */
const cumSum = operator({
  since: 11,
  inputs: { x: needed(NUMBERS), axis: needed(INDICES) },
  attributes: { exclusive: flag(false), reverse: flag(false) },
  plan(context) {
    const { x } = context.inputs;
    const { exclusive, reverse } = context.attributes;
    const axis = axisIn(context, Number(onlyOf(context, "axis", context.inputs.axis)), x.dims.length);
    const [count, inner] = [x.dims[axis], sizeOf(x.dims.slice(axis + 1))];
    const [view, output] = [context.view(x), context.view(context.output(x.type, x.dims))];
    const step = reverse ? -inner : inner;
    return () => {
      const [from, to] = [view(), output()];
      for (let line = 0; line < to.length / Math.max(1, count); line++) {
        const start = Math.floor(line / inner) * count * inner + (line % inner) + (reverse ? (count - 1) * inner : 0);
        if (isBig(from) && isBig(to)) {
          for (let i = 0, sum = 0n, at = start; i < count; i++, at += step) {
            to[at] = exclusive ? sum : sum + from[at];
            sum += from[at];
          }
        } else if (!isBig(from) && !isBig(to)) {
          for (let i = 0, sum = 0, at = start; i < count; i++, at += step) {
            to[at] = exclusive ? sum : sum + from[at];
            sum += from[at];
          }
        }
      }
    };
  },
});

/** Operators that fill tensors. */
export const fillingOperators: Operators = {
  Expand: expand,
  Tile: tile,
  ConstantOfShape: constantOfShape,
  Range: range,
  EyeLike: eyeLike,
  OneHot: [oneHot(9, false), oneHot(11, true)],
  Trilu: trilu,
  CumSum: cumSum,
};
