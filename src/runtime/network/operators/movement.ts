import { type Operator, type PlanContext, type Step, sizeOf, UnsupportedError } from "../plan.ts";

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

const transpose: Operator = (context) => {
  const x = context.value(0);
  const order = context.attribute(
    "perm",
    x.dims.map((_, i) => x.dims.length - 1 - i),
  );
  const dims = order.map((axis) => x.dims[axis]);
  const steps = order.map((axis) => sizeOf(x.dims.slice(axis + 1)));
  const y = context.output(dims, { rectified: x.rectified });
  const { heap } = context.machine;
  const size = sizeOf(dims);
  const places = new Uint32Array(size);
  for (let i = 0; i < size; i++) {
    let rest = i;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      places[i] += (rest % dims[axis]) * steps[axis];
      rest = Math.floor(rest / dims[axis]);
    }
  }
  return (): ReturnType<Step> => {
    const [from, to] = [heap.floats(x.at, size), heap.floats(y.at, size)];
    for (let i = 0; i < size; i++) to[i] = from[places[i]];
  };
};

const shape: Operator = (context) => {
  const { dims } = context.value(0);
  context.known([dims.length], dims);
  return undefined;
};

/** Rows of a constant table or of whole numbers, by known indices. */
const gather: Operator = (context) => {
  if (!isWhole(context, 0)) throw new UnsupportedError("Gather is run only on known whole numbers here.");
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
  Shape: shape,
  Gather: gather,
};
