import { type Operator, type PlanContext, type Step, sizeOf } from "../operator.ts";
import { UnsupportedError } from "../unsupported.ts";

const concat: Operator = (context) => {
  const { node, constant } = context;
  const whole = node.inputs.every((_, i) => isWhole(context, i));
  if (whole) {
    const parts = node.inputs.map((_, i) => context.wholes(i) ?? []);
    context.known([sizeOf(parts.map(({ length }) => length))], parts.flat());
    return undefined;
  }
  const parts = node.inputs.map((_, i) => context.value(i));
  const rank = parts[0].dims.length;
  const axis = (context.attribute("axis", 0) + rank) % rank;
  const dims = parts[0].dims.map((dim, i) => (i === axis ? parts.reduce((sum, part) => sum + part.dims[i], 0) : dim));
  const y = context.output(dims, {
    rectified: parts.every(({ rectified }, i) => rectified && constant(i) === undefined),
  });
  const { heap } = context.machine;
  const outer = sizeOf(dims.slice(0, axis));
  const width = sizeOf(dims.slice(axis));
  return () => {
    const to = heap.floats(y.at, sizeOf(dims));
    let at = 0;
    for (const part of parts) {
      const own = sizeOf(part.dims.slice(axis));
      const from = heap.floats(part.at, outer * own);
      for (let i = 0; i < outer; i++) to.set(from.subarray(i * own, (i + 1) * own), i * width + at);
      at += own;
    }
  };
};

/** Whether an input is known whole numbers. */
function isWhole(context: PlanContext, input: number): boolean {
  try {
    return context.wholes(input) !== undefined;
  } catch (error) {
    if (error instanceof UnsupportedError) return false;
    throw error;
  }
}

const flatten: Operator = (context) => {
  const { dims } = context.value(0);
  const axis = context.attribute("axis", 1);
  const at = axis < 0 ? axis + dims.length : axis;
  context.alias([sizeOf(dims.slice(0, at)), sizeOf(dims.slice(at))]);
  return undefined;
};

const reshape: Operator = (context) => {
  const { dims } = context.value(0);
  const asked = (context.wholes(1) ?? []).map((dim, i) => (dim === 0 ? dims[i] : dim));
  const rest = sizeOf(dims) / sizeOf(asked.filter((dim) => dim !== -1));
  context.alias(asked.map((dim) => (dim === -1 ? rest : dim)));
  return undefined;
};

const same: Operator = (context) => {
  if (isWhole(context, 0)) context.known([(context.wholes(0) ?? []).length], context.wholes(0) ?? []);
  else context.alias(context.value(0).dims);
  return undefined;
};

/** Axes are an input since operator set 13, an attribute before. */
const axesOf = (context: PlanContext): readonly number[] => context.wholes(1) ?? context.attribute("axes", []);

const squeeze: Operator = (context) => {
  if (isWhole(context, 0)) {
    context.known([], context.wholes(0) ?? []);
    return undefined;
  }
  const { dims } = context.value(0);
  const axes = axesOf(context).map((axis) => (axis + dims.length) % dims.length);
  context.alias(dims.filter((dim, i) => (axes.length > 0 ? !axes.includes(i) : dim !== 1)));
  return undefined;
};

const unsqueeze: Operator = (context) => {
  const axes = axesOf(context);
  if (isWhole(context, 0)) {
    const wholes = context.wholes(0) ?? [];
    context.known([wholes.length], wholes);
    return undefined;
  }
  const { dims } = context.value(0);
  const rank = dims.length + axes.length;
  const added = new Set(axes.map((axis) => (axis + rank) % rank));
  const rest = [...dims];
  context.alias(Array.from({ length: rank }, (_, i) => (added.has(i) ? 1 : (rest.shift() ?? 1))));
  return undefined;
};

/** The output's elements, each from a place of the input. */
function pick(context: PlanContext, dims: readonly number[], places: Uint32Array, index = 0): Step {
  const x = context.value(0);
  const y = context.output(dims, { index, rectified: x.rectified });
  const { heap } = context.machine;
  return () => {
    const [from, to] = [heap.floats(x.at, sizeOf(x.dims)), heap.floats(y.at, places.length)];
    for (let i = 0; i < places.length; i++) to[i] = from[places[i]];
  };
}

/** The place of each element of a shape, counted from `start` with a step for each axis. */
function placesOf(dims: readonly number[], steps: readonly number[], start = 0): Uint32Array {
  const places = new Uint32Array(sizeOf(dims)).fill(start);
  for (let i = 0; i < places.length; i++) {
    let rest = i;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      places[i] += (rest % dims[axis]) * steps[axis];
      rest = Math.floor(rest / dims[axis]);
    }
  }
  return places;
}

/** How far apart the elements along each axis are. */
const stepsOf = (dims: readonly number[]) => dims.map((_, axis) => sizeOf(dims.slice(axis + 1)));

const transpose: Operator = (context) => {
  const { dims } = context.value(0);
  const order = context.attribute(
    "perm",
    dims.map((_, i) => dims.length - 1 - i),
  );
  const steps = stepsOf(dims);
  const turned = order.map((axis) => dims[axis]);
  return pick(
    context,
    turned,
    placesOf(
      turned,
      order.map((axis) => steps[axis]),
    ),
  );
};

/** Starts, ends, axes and steps are inputs. */
const slice: Operator = (context) => {
  if (isWhole(context, 0)) throw new UnsupportedError("Slice is run only on float32 numbers here.");
  const { dims } = context.value(0);
  const [starts, ends] = [context.wholes(1) ?? [], context.wholes(2) ?? []];
  const axes = context.wholes(3) ?? starts.map((_, i) => i);
  const sizes = [...dims];
  const steps = stepsOf(dims);
  let first = 0;
  for (const [i, given] of axes.entries()) {
    const axis = (given + dims.length) % dims.length;
    const step = context.wholes(4)?.[i] ?? 1;
    const size = dims[axis];
    const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
    const bound = (at: number) => Math.min(Math.max(at < 0 ? at + size : at, low), high);
    // The least int64 stands for "to the very first" when going backwards.
    const [start, end] = [bound(starts[i]), ends[i] < -size ? low : bound(ends[i])];
    sizes[axis] = Math.max(0, Math.ceil((end - start) / step));
    first += start * steps[axis];
    steps[axis] *= step;
  }
  return pick(context, sizes, placesOf(sizes, steps, first));
};

const split: Operator = (context) => {
  const { dims } = context.value(0);
  const axis = (context.attribute("axis", 0) + dims.length) % dims.length;
  const { outputs } = context.node;
  const equal = Math.ceil(dims[axis] / outputs.length);
  const sizes = context.wholes(1) ?? outputs.map((_, i) => Math.min(equal, dims[axis] - i * equal));
  const steps = stepsOf(dims);
  let start = 0;
  const parts = sizes.map((size, i) => {
    const part = dims.map((dim, at) => (at === axis ? size : dim));
    const step = pick(context, part, placesOf(part, steps, start * steps[axis]), i);
    start += size;
    return step;
  });
  return () => {
    for (const part of parts) part();
  };
};

const shape: Operator = (context) => {
  const { dims } = context.value(0);
  context.known([dims.length], dims);
  return undefined;
};

/** Rows of a table of numbers by the numbers of an input: an embedding. What is fed as tokens is whole numbers in floats. */
const lookUp: Operator = (context) => {
  if (context.attribute("axis", 0) !== 0) throw new UnsupportedError("Gather looks rows up here, and nothing else.");
  const [table, rows] = [context.value(0), context.value(1)];
  const [count, ...row] = table.dims;
  const size = sizeOf(row);
  const y = context.output([...rows.dims, ...row]);
  const { heap } = context.machine;
  return () => {
    const from = heap.floats(table.at, count * size);
    const to = heap.floats(y.at, sizeOf(rows.dims) * size);
    for (const [i, index] of heap.floats(rows.at, sizeOf(rows.dims)).entries()) {
      if (!(index >= -count && index < count)) throw new RangeError(`There is no row ${index} of ${count} to look up.`);
      const start = (index < 0 ? index + count : index) * size;
      to.set(from.subarray(start, start + size), i * size);
    }
  };
};

/** Known whole numbers by known indices, or {@link lookUp}. */
const gather: Operator = (context) => {
  if (!isWhole(context, 0)) return lookUp(context);
  const from = context.wholes(0) ?? [];
  const picked = (context.wholes(1) ?? []).map((i) => from[(i + from.length) % from.length]);
  context.known(context.constant(1)?.dims ?? [picked.length], picked);
  return undefined;
};

/** Operators that move elements, or only name them otherwise. */
export const movementOperators: Readonly<Record<string, Operator>> = {
  Concat: concat,
  Flatten: flatten,
  Reshape: reshape,
  Identity: same,
  Dropout: same,
  Cast: same,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Slice: slice,
  Split: split,
  Shape: shape,
  Gather: gather,
};
