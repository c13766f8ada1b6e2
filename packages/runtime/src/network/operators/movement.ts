import { int, ints, optionalInt } from "../attributes.ts";
import { sizeOf } from "../elements.ts";
import { needed, type Operators, operator, optional, type Planning, rest, type Step, type Value } from "../operator.ts";
import { pick } from "./pick.ts";
import { axesIn, axisIn, placesOf, stepsOf, wholesOf, wordsIn, wordsOf } from "./shapes.ts";
import { ANY, INDICES, INT64 } from "./types.ts";

const concat = operator({
  since: 4,
  inputs: { parts: rest(ANY) },
  attributes: { axis: int() },
  plan(context) {
    const { parts } = context.inputs;
    const [first] = parts;
    const axis = axisIn(context, context.attributes.axis, first.dims.length);
    for (const { dims } of parts) {
      const fits = dims.length === first.dims.length && dims.every((dim, i) => i === axis || dim === first.dims[i]);
      if (!fits) context.wrong(`joins [${first.dims}] and [${dims}] along the axis ${axis}`);
    }
    const dims = first.dims.map((dim, i) => (i === axis ? parts.reduce((sum, part) => sum + part.dims[i], 0) : dim));
    const y = context.output(first.type, dims, { rectified: parts.every(({ rectified }) => rectified) });
    const outer = sizeOf(dims.slice(0, axis));
    const width = sizeOf(dims.slice(axis)) * wordsIn(first.type);
    const output = wordsOf(context, y);
    const inputs = parts.map((part) => ({
      own: sizeOf(part.dims.slice(axis)) * wordsIn(part.type),
      words: wordsOf(context, part),
    }));
    return () => {
      const to = output();
      let at = 0;
      for (const { own, words } of inputs) {
        const from = words();
        for (let i = 0; i < outer; i++) to.set(from.subarray(i * own, (i + 1) * own), i * width + at);
        at += own;
      }
    };
  },
});

const transpose = operator({
  since: 1,
  inputs: { x: needed(ANY) },
  attributes: { perm: ints() },
  plan(context) {
    const { x } = context.inputs;
    const { dims } = x;
    const order = context.attributes.perm ?? dims.map((_, i) => dims.length - 1 - i);
    if (order.length !== dims.length) context.wrong(`turns [${dims}] by [${order}]`);
    const axes = [...axesIn(context, order, dims.length)];
    const steps = stepsOf(dims);
    const turned = axes.map((axis) => dims[axis]);
    return pick(
      context,
      x,
      turned,
      placesOf(
        turned,
        axes.map((axis) => steps[axis]),
      ),
    );
  },
});

/** A part of each axis that is named, from `starts` to `ends`, every so many elements. */
function slice(
  context: Planning,
  x: Value,
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[] = starts.map((_, i) => i),
  steps: readonly number[] = starts.map(() => 1),
): Step {
  const { dims } = x;
  if ([ends, axes, steps].some(({ length }) => length !== starts.length)) {
    context.wrong(`has ${starts.length} starts and not as many ends, axes or steps`);
  }
  const sizes = [...dims];
  const strides = stepsOf(dims);
  let first = 0;
  for (const [i, axis] of [...axesIn(context, axes, dims.length)].entries()) {
    const [size, step] = [dims[axis], steps[i]];
    if (step === 0) context.wrong("has a step of 0");
    const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
    const start = Math.min(Math.max(starts[i] < 0 ? starts[i] + size : starts[i], 0), high);
    const end = Math.min(Math.max(ends[i] < 0 ? ends[i] + size : ends[i], low), high);
    sizes[axis] = Math.max(0, Math.ceil((end - start) / step));
    first += start * strides[axis];
    strides[axis] *= step;
  }
  return pick(context, x, sizes, placesOf(sizes, strides, first));
}

const slices = [
  operator({
    since: 1,
    until: 9,
    inputs: { data: needed(ANY) },
    attributes: { starts: ints(), ends: ints(), axes: ints() },
    plan(context) {
      const { starts = [], ends = [], axes } = context.attributes;
      return slice(context, context.inputs.data, starts, ends, axes);
    },
  }),
  operator({
    since: 10,
    inputs: {
      data: needed(ANY),
      starts: needed(INDICES),
      ends: needed(INDICES),
      axes: optional(INDICES),
      steps: optional(INDICES),
    },
    attributes: {},
    plan(context) {
      const { data, starts, ends, axes, steps } = context.inputs;
      const list = (value: Value<"int64" | "int32"> | undefined) => value && wholesOf(context, value);
      return slice(context, data, wholesOf(context, starts), wholesOf(context, ends), list(axes), list(steps));
    },
  }),
];

/** Parts of an axis, of given sizes or of as equal ones as can be. */
function split(context: Planning, x: Value, axisGiven: number, given: readonly number[] | undefined): Step {
  const { dims } = x;
  const axis = axisIn(context, axisGiven, dims.length);
  const count = context.outputs;
  const equal = Math.ceil(dims[axis] / count);
  const sizes = given ?? Array.from({ length: count }, (_, i) => Math.min(equal, Math.max(0, dims[axis] - i * equal)));
  if (sizes.length !== count || sizes.some((size) => size < 0) || sizes.reduce((a, b) => a + b, 0) !== dims[axis]) {
    context.wrong(`splits ${dims[axis]} elements into [${sizes}] for ${count} outputs`);
  }
  const steps = stepsOf(dims);
  let start = 0;
  const parts = sizes.flatMap((size, index) => {
    const part = dims.map((dim, at) => (at === axis ? size : dim));
    const from = start * steps[axis];
    start += size;
    return context.wants(index) ? [pick(context, x, part, placesOf(part, steps, from), { index })] : [];
  });
  return () => {
    for (const part of parts) part();
  };
}

const MANY = Number.POSITIVE_INFINITY;

/** Before operator set 18, parts of one size must come out even. */
function evenly(context: Planning, x: Value, axis: number, sizes: readonly number[] | undefined): Step {
  const length = x.dims[axisIn(context, axis, x.dims.length)];
  if (!sizes && length % context.outputs !== 0)
    context.wrong(`splits ${length} elements into ${context.outputs} parts`);
  return split(context, x, axis, sizes);
}

const splits = [
  operator({
    since: 2,
    inputs: { input: needed(ANY) },
    attributes: { axis: int(0), split: ints() },
    outputs: MANY,
    plan: (context) => evenly(context, context.inputs.input, context.attributes.axis, context.attributes.split),
  }),
  operator({
    since: 13,
    inputs: { input: needed(ANY), split: optional(INT64) },
    attributes: { axis: int(0) },
    outputs: MANY,
    plan(context) {
      const { input, split: sizes } = context.inputs;
      return evenly(context, input, context.attributes.axis, sizes && wholesOf(context, sizes));
    },
  }),
  operator({
    since: 18,
    inputs: { input: needed(ANY), split: optional(INT64) },
    attributes: { axis: int(0), num_outputs: optionalInt() },
    outputs: MANY,
    plan(context) {
      const { input, split: sizes } = context.inputs;
      const { axis, num_outputs: count = context.outputs } = context.attributes;
      if (count !== context.outputs) context.wrong(`has ${context.outputs} outputs and states ${count}`);
      return split(context, input, axis, sizes && wholesOf(context, sizes));
    },
  }),
];

/** Operators that move elements. */
export const movementOperators: Operators = { Concat: concat, Transpose: transpose, Slice: slices, Split: splits };
