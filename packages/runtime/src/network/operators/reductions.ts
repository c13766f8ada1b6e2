import { flag, ints } from "../attributes.ts";
import { sizeOf } from "../elements.ts";
import { needed, type Operators, operator, optional, type Planning, type Step, type Value } from "../operator.ts";
import { axesIn, stretched, wholesOf } from "./shapes.ts";
import { FLOAT, INT64 } from "./types.ts";

/** How a reduction joins the elements along its axes. */
interface Reduction {
  readonly start: number;
  readonly join: (joined: number, x: number) => number;
  /** What is made of the joined elements in the end. */
  readonly end?: (joined: number, count: number) => number;
}

function reduce(
  context: Planning,
  x: Value<"float32">,
  given: readonly number[] | undefined,
  keep: boolean,
  nothing: boolean,
  { start, join, end }: Reduction,
): Step {
  const all = !given?.length && !nothing;
  const axes = all ? new Set(x.dims.keys()) : axesIn(context, given ?? [], x.dims.length);
  const reduced = x.dims.map((dim, axis) => (axes.has(axis) ? 1 : dim));
  const y = context.output("float32", keep ? reduced : x.dims.filter((_, axis) => !axes.has(axis)));
  const places = stretched(reduced, x.dims);
  const [input, output] = [context.view(x), context.view(y)];
  const sums = new Float64Array(sizeOf(reduced));
  const count = sizeOf(x.dims) / sizeOf(reduced);
  return () => {
    const [from, to] = [input(), output()];
    sums.fill(start);
    for (let i = 0; i < places.length; i++) sums[places[i]] = join(sums[places[i]], from[i]);
    for (let i = 0; i < to.length; i++) to[i] = end ? end(sums[i], count) : sums[i];
  };
}

/** The axes are an input since an operator set, an attribute before. */
function reduction(sinceInput: number, described: Reduction) {
  return [
    operator({
      since: 1,
      until: sinceInput - 1,
      inputs: { x: needed(FLOAT) },
      attributes: { axes: ints(), keepdims: flag(true) },
      plan(context) {
        const { axes, keepdims } = context.attributes;
        return reduce(context, context.inputs.x, axes, keepdims, false, described);
      },
    }),
    operator({
      since: sinceInput,
      inputs: { x: needed(FLOAT), axes: optional(INT64) },
      attributes: { keepdims: flag(true), noop_with_empty_axes: flag(false) },
      plan(context) {
        const { x, axes } = context.inputs;
        const { keepdims, noop_with_empty_axes: nothing } = context.attributes;
        return reduce(context, x, axes && wholesOf(context, axes), keepdims, nothing, described);
      },
    }),
  ];
}

const sum = (a: number, b: number) => a + b;

/** Reductions. */
export const reductionOperators: Operators = {
  ReduceSum: reduction(13, { start: 0, join: sum }),
  ReduceMean: reduction(18, { start: 0, join: sum, end: (joined, count) => joined / count }),
};
