import { flag, int, optionalInt } from "../attributes.ts";
import { sizeOf } from "../elements.ts";
import { needed, type Operators, operator, type Planning, type Step, type Value } from "../operator.ts";
import { pick } from "./pick.ts";
import { axisIn, gridOf, onlyOf, stepsOf } from "./shapes.ts";
import { ANY, BOOL, COMPARED, FLOATS, INT64, NUMBERS } from "./types.ts";

/** The place along an axis of the first or last extreme element. */
function extreme(since: number, isBetter: (a: number | bigint, b: number | bigint) => boolean) {
  return operator({
    since,
    inputs: { data: needed(NUMBERS) },
    attributes: { axis: int(0), keepdims: flag(true), select_last_index: flag(false) },
    plan(context) {
      const { data } = context.inputs;
      const { keepdims, select_last_index: last } = context.attributes;
      const axis = axisIn(context, context.attributes.axis, data.dims.length);
      const [count, inner] = [data.dims[axis], sizeOf(data.dims.slice(axis + 1))];
      if (count === 0) context.wrong(`looks for an element of [${data.dims}]`);
      const dims = data.dims.flatMap((dim, i) => (i !== axis ? [dim] : keepdims ? [1] : []));
      const [view, output] = [context.view(data), context.view(context.output("int64", dims))];
      return () => {
        const [from, to] = [view(), output()];
        for (let line = 0; line < to.length; line++) {
          const start = Math.floor(line / inner) * count * inner + (line % inner);
          let best = 0;
          for (let i = 1; i < count; i++) {
            const [a, b] = [from[start + i * inner], from[start + best * inner]];
            if (isBetter(a, b) || (last && a === b)) best = i;
          }
          to[line] = BigInt(best);
        }
      };
    },
  });
}

interface Top {
  readonly axis: number;
  readonly largest: boolean;
}

/** The first elements of each line in their order, and their places; of equal ones the first comes first. */
function top(context: Planning, x: Value, k: number, { axis: given, largest }: Top): Step {
  const axis = axisIn(context, given, x.dims.length);
  const [count, inner] = [x.dims[axis], sizeOf(x.dims.slice(axis + 1))];
  if (!(k >= 0 && k <= count)) context.wrong(`looks for ${k} of ${count} elements`);
  const dims = x.dims.map((dim, i) => (i === axis ? k : dim));
  const view = context.view(x);
  const [values, places] = [
    context.wants(0) ? context.view(context.output(x.type, dims)) : undefined,
    context.wants(1) ? context.view(context.output("int64", dims, { index: 1 })) : undefined,
  ];
  const lines = sizeOf(x.dims) / Math.max(1, count);
  const order = new Uint32Array(count);
  let [from, first] = [view(), 0];
  const compare = (i: number, j: number) => {
    const [a, b] = [from[first + i * inner], from[first + j * inner]];
    if (a === b) return i - j;
    return a > b === largest ? -1 : 1;
  };
  return () => {
    const [to, at] = [values?.(), places?.()];
    from = view();
    for (let line = 0; line < lines; line++) {
      const [outer, rest] = [Math.floor(line / inner), line % inner];
      first = outer * count * inner + rest;
      for (let i = 0; i < count; i++) order[i] = i;
      order.sort(compare);
      for (let i = 0; i < k; i++) {
        const target = (outer * k + i) * inner + rest;
        if (to) to[target] = from[first + order[i] * inner];
        if (at) at[target] = BigInt(order[i]);
      }
    }
  };
}

const topK = [
  operator({
    since: 1,
    inputs: { x: needed(FLOATS) },
    attributes: { axis: int(-1), k: int() },
    outputs: 2,
    plan: (context) => top(context, context.inputs.x, context.attributes.k, { ...context.attributes, largest: true }),
  }),
  operator({
    since: 10,
    inputs: { x: needed(NUMBERS), k: needed(INT64) },
    // Sorted or not: any order will do, then.
    attributes: { axis: int(-1), largest: flag(true), sorted: flag(true) },
    outputs: 2,
    plan(context) {
      const { x, k } = context.inputs;
      return top(context, x, Number(onlyOf(context, "k", k)), context.attributes);
    },
  }),
];

/** The slices along an axis, or the elements one after the other, for which a condition holds. */
const compress = operator({
  since: 9,
  inputs: { input: needed(ANY), condition: needed(BOOL) },
  attributes: { axis: optionalInt() },
  plan(context) {
    const { input, condition } = context.inputs;
    const { axis: given } = context.attributes;
    const chosen = [...context.known(condition)].flatMap((holds, i) => (holds ? [i] : []));
    const axis = given === undefined ? undefined : axisIn(context, given, input.dims.length);
    const dims = axis === undefined ? [sizeOf(input.dims)] : input.dims;
    const most = dims[axis ?? 0];
    if (chosen.some((place) => place >= most)) context.wrong(`chooses one of ${most} elements that is not there`);
    const steps = stepsOf(dims);
    const tables = dims.map((dim, i) => {
      const places = i === (axis ?? 0) ? chosen : Array.from({ length: dim }, (_, place) => place);
      return places.map((place) => place * steps[i]);
    });
    return pick(
      context,
      input,
      tables.map(({ length }) => length),
      gridOf(tables),
    );
  },
});

/** The places of what is not zero: one line for each axis. */
const nonZero = operator({
  since: 9,
  inputs: { x: needed(COMPARED) },
  attributes: {},
  plan(context) {
    const { x } = context.inputs;
    const places = Array.from<number | bigint>(context.known(x)).flatMap((value, i) =>
      Number(value) !== 0 ? [i] : [],
    );
    const output = context.view(context.output("int64", [x.dims.length, places.length]));
    const steps = stepsOf(x.dims);
    return () => {
      const to = output();
      for (const [axis, dim] of x.dims.entries()) {
        for (const [i, place] of places.entries()) {
          to[axis * places.length + i] = BigInt(Math.floor(place / steps[axis]) % dim);
        }
      }
    };
  },
});

/** Operators that choose elements by what they are. */
export const selectionOperators: Operators = {
  ArgMax: extreme(1, (a, b) => a > b),
  ArgMin: extreme(1, (a, b) => a < b),
  TopK: topK,
  Compress: compress,
  NonZero: nonZero,
};
