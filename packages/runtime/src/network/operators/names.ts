import { flag, float, int, ints, optionalInt, unused } from "../attributes.ts";
import { sizeOf } from "../elements.ts";
import { needed, type Operators, operator, optional, type Planning, type Step, type Value } from "../operator.ts";
import { axesIn, axisIn, onlyOf, wholesOf } from "./shapes.ts";
import { ANY, BOOL, FLOAT, INT64 } from "./types.ts";

/** The shape that is asked for, where 0 stands for the length that there is, and -1 for what is left. */
function reshaped(context: Planning, dims: readonly number[], asked: readonly number[], zeros: boolean): number[] {
  const shape = asked.map((dim, axis) => {
    if (dim !== 0 || zeros) return dim;
    return axis < dims.length ? dims[axis] : context.wrong(`keeps an axis ${axis} that [${dims}] does not have`);
  });
  const open = shape.indexOf(-1);
  const size = sizeOf(shape.filter((_, axis) => axis !== open));
  if (open >= 0) shape[open] = size === 0 ? 0 : sizeOf(dims) / size;
  if (!shape.every((dim) => Number.isInteger(dim) && dim >= 0) || sizeOf(shape) !== sizeOf(dims)) {
    context.wrong(`makes [${asked}] of [${dims}], which has another number of elements`);
  }
  return shape;
}

const reshape = operator({
  since: 5,
  inputs: { data: needed(ANY), shape: needed(INT64) },
  attributes: { allowzero: flag(false) },
  plan(context) {
    const { data, shape } = context.inputs;
    context.alias(data, reshaped(context, data.dims, wholesOf(context, shape), context.attributes.allowzero));
    return undefined;
  },
});

const flatten = operator({
  since: 1,
  inputs: { x: needed(ANY) },
  attributes: { axis: int(1) },
  plan(context) {
    const { x } = context.inputs;
    const { axis } = context.attributes;
    const at = axis === x.dims.length ? axis : axisIn(context, axis, x.dims.length);
    context.alias(x, [sizeOf(x.dims.slice(0, at)), sizeOf(x.dims.slice(at))]);
    return undefined;
  },
});

function squeeze(context: Planning, x: Value, axes: readonly number[] | undefined): undefined {
  const { dims } = x;
  const dropped = axes?.length
    ? axesIn(context, axes, dims.length)
    : new Set([...dims.keys()].filter((axis) => dims[axis] === 1));
  for (const axis of dropped) if (dims[axis] !== 1) context.wrong(`drops an axis of ${dims[axis]} elements`);
  context.alias(
    x,
    dims.filter((_, axis) => !dropped.has(axis)),
  );
}

function unsqueeze(context: Planning, x: Value, axes: readonly number[]): undefined {
  const rank = x.dims.length + axes.length;
  const added = axesIn(context, axes, rank);
  const rest = [...x.dims];
  context.alias(
    x,
    Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (rest.shift() ?? 1))),
  );
}

const same = operator({
  since: 1,
  inputs: { x: needed(ANY) },
  attributes: {},
  plan(context) {
    context.alias(context.inputs.x, context.inputs.x.dims);
    return undefined;
  },
});

/** Outside of training a Dropout does nothing; its mask is then of ones. */
function dropped(context: Planning, x: Value): Step | undefined {
  context.alias(x, x.dims);
  if (!context.wants(1)) return undefined;
  const mask = context.view(context.output("bool", x.dims, { index: 1 }));
  return () => {
    mask().fill(1);
  };
}

const dropout = [
  operator({
    since: 7,
    inputs: { data: needed(FLOAT) },
    attributes: { ratio: float(0.5) },
    plan(context) {
      context.alias(context.inputs.data, context.inputs.data.dims);
      return undefined;
    },
  }),
  operator({
    since: 12,
    inputs: { data: needed(FLOAT), ratio: optional(FLOAT), training_mode: optional(BOOL) },
    attributes: { seed: unused() },
    outputs: 2,
    plan(context) {
      const { data, training_mode: training } = context.inputs;
      if (training && onlyOf(context, "training_mode", training)) context.refuse("is in training mode");
      return dropped(context, data);
    },
  }),
];

const shape = operator({
  since: 1,
  inputs: { data: needed(ANY, { reads: "shape" }) },
  attributes: { start: int(0), end: optionalInt() },
  plan(context) {
    const { dims } = context.inputs.data;
    const { start, end } = context.attributes;
    const part = dims.slice(start, end);
    context
      .view(context.output("int64", [part.length]))()
      .set(part.map(BigInt));
    return undefined;
  },
});

const size = operator({
  since: 1,
  inputs: { data: needed(ANY, { reads: "shape" }) },
  attributes: {},
  plan(context) {
    context.view(context.output("int64", []))()[0] = BigInt(sizeOf(context.inputs.data.dims));
    return undefined;
  },
});

/** Operators that only name elements otherwise, or tell what shape they have. */
export const nameOperators: Operators = {
  Reshape: reshape,
  Flatten: flatten,
  Identity: same,
  Dropout: dropout,
  Shape: shape,
  Size: size,
  Squeeze: [
    operator({
      since: 1,
      inputs: { data: needed(ANY) },
      attributes: { axes: ints() },
      plan: (context) => squeeze(context, context.inputs.data, context.attributes.axes),
    }),
    operator({
      since: 13,
      inputs: { data: needed(ANY), axes: optional(INT64) },
      attributes: {},
      plan(context) {
        const { data, axes } = context.inputs;
        return squeeze(context, data, axes && wholesOf(context, axes));
      },
    }),
  ],
  Unsqueeze: [
    operator({
      since: 1,
      inputs: { data: needed(ANY) },
      attributes: { axes: ints() },
      plan: (context) => unsqueeze(context, context.inputs.data, context.attributes.axes ?? []),
    }),
    operator({
      since: 13,
      inputs: { data: needed(ANY), axes: needed(INT64) },
      attributes: {},
      plan: (context) => unsqueeze(context, context.inputs.data, wholesOf(context, context.inputs.axes)),
    }),
  ],
};
