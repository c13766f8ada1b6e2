import { int, oneOf } from "../attributes.ts";
import { copy, type ElementType, type Numbers, sizeOf } from "../elements.ts";
import { needed, type Operators, operator, type Planning, type Step, type Value } from "../operator.ts";
import { type Arithmetic, isBig, larger, smaller } from "./elementwise.ts";
import { placeAt } from "./gather.ts";
import { axisIn, placesOf, stepsOf } from "./shapes.ts";
import { ANY, INDICES, INT64 } from "./types.ts";

const REDUCTIONS: Readonly<Record<"none" | "add" | "mul" | "min" | "max", Arithmetic>> = {
  none: { float: (_, b) => b, big: (_, b) => b },
  add: { float: (a, b) => a + b, big: (a, b) => a + b },
  mul: { float: (a, b) => a * b, whole: Math.imul, big: (a, b) => a * b },
  min: { float: Math.min, big: smaller },
  max: { float: Math.max, big: larger },
};

type Reduction = keyof typeof REDUCTIONS;

/** Joins a run of updates with what stands at a place. */
function update(
  to: Numbers,
  at: number,
  from: Numbers,
  first: number,
  count: number,
  { float, whole = float, big }: Arithmetic,
): void {
  if (isBig(to) && isBig(from)) for (let i = 0; i < count; i++) to[at + i] = big(to[at + i], from[first + i]);
  else if (!isBig(to) && !isBig(from)) {
    const f = to instanceof Float32Array || to instanceof Float64Array ? float : whole;
    for (let i = 0; i < count; i++) to[at + i] = f(to[at + i], from[first + i]);
  }
}

/** A copy of the data with elements changed: each that stands where an index does, but for its place along the axis. */
function scatterElements(
  context: Planning,
  data: Value,
  indices: Value<"int64" | "int32">,
  updates: Value,
  given: number,
  reduction: Reduction,
): Step {
  const { dims } = data;
  checkType(context, data.type, reduction);
  const axis = axisIn(context, given, dims.length);
  const fits = indices.dims.length === dims.length && indices.dims.every((dim, i) => i === axis || dim <= dims[i]);
  if (!fits || updates.dims.join() !== indices.dims.join()) {
    context.wrong(`writes [${updates.dims}] at [${indices.dims}] of [${dims}]`);
  }
  const steps = stepsOf(dims);
  const places = placesOf(
    indices.dims,
    steps.map((step, i) => (i === axis ? 0 : step)),
  );
  const output = context.view(context.output(data.type, dims));
  const [input, asked, changes] = [context.view(data), context.view(indices), context.view(updates)];
  return () => {
    const [to, rows, from] = [output(), asked(), changes()];
    copy(input(), to);
    for (let i = 0; i < rows.length; i++) {
      update(to, places[i] + placeAt(Number(rows[i]), dims[axis]) * steps[axis], from, i, 1, REDUCTIONS[reduction]);
    }
  };
}

/** Only what can be computed with is joined. */
function checkType(context: Planning, type: ElementType, reduction: Reduction): void {
  if (reduction !== "none" && (type === "bool" || type === "float16")) context.refuse(`joins elements of ${type}`);
}

const scatter = { data: needed(ANY), indices: needed(INDICES), updates: needed(ANY, { like: "data" }) };
const reduction = oneOf("none", "add", "mul", "min", "max");

/** A copy of the data with slices changed, by the first of several axes at once. */
const scatterND = operator({
  since: 11,
  inputs: { data: needed(ANY), indices: needed(INT64), updates: needed(ANY, { like: "data" }) },
  attributes: { reduction },
  plan(context) {
    const { data, indices, updates } = context.inputs;
    checkType(context, data.type, context.attributes.reduction);
    const depth = indices.dims.at(-1) ?? 0;
    const rest = data.dims.slice(depth);
    if (depth > data.dims.length || updates.dims.join() !== [...indices.dims.slice(0, -1), ...rest].join()) {
      context.wrong(`writes [${updates.dims}] at [${indices.dims}] of [${data.dims}]`);
    }
    const [steps, size] = [stepsOf(data.dims), sizeOf(rest)];
    const rows = sizeOf(indices.dims.slice(0, -1));
    const join = REDUCTIONS[context.attributes.reduction];
    const output = context.view(context.output(data.type, data.dims));
    const [input, asked, changes] = [context.view(data), context.view(indices), context.view(updates)];
    return () => {
      const [to, places, from] = [output(), asked(), changes()];
      copy(input(), to);
      for (let i = 0; i < rows; i++) {
        let at = 0;
        for (let k = 0; k < depth; k++) at += placeAt(Number(places[i * depth + k]), data.dims[k]) * steps[k];
        update(to, at, from, i * size, size, join);
      }
    };
  },
});

/** Operators that write elements at given places. */
export const scatterOperators: Operators = {
  Scatter: operator({
    since: 9,
    until: 10,
    inputs: scatter,
    attributes: { axis: int(0) },
    plan(context) {
      const { data, indices, updates } = context.inputs;
      return scatterElements(context, data, indices, updates, context.attributes.axis, "none");
    },
  }),
  ScatterElements: operator({
    since: 11,
    inputs: scatter,
    attributes: { axis: int(0), reduction },
    plan(context) {
      const { data, indices, updates } = context.inputs;
      const { axis, reduction } = context.attributes;
      return scatterElements(context, data, indices, updates, axis, reduction);
    },
  }),
  ScatterND: scatterND,
};
