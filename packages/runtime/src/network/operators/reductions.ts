import { flag, ints } from "../attributes.ts";
import { type ElementType, sizeOf } from "../elements.ts";
import { needed, type Operators, operator, optional, type Planning, type Step, type Value } from "../operator.ts";
import { isBig, larger, smaller } from "./elementwise.ts";
import { axesIn, stretched, wholesOf } from "./shapes.ts";
import { FLOATS, INT64, NUMBERS } from "./types.ts";

/** How a reduction joins the elements along its axes. */
interface Reduction {
  readonly start: number;
  readonly join: (joined: number, x: number) => number;
  /** What is made of the joined elements in the end. */
  readonly end?: (joined: number, count: number) => number;
  /** The same for numbers of 64 bits; floats alone are reduced where it is left out. */
  readonly big?: {
    readonly start: bigint;
    readonly join: (joined: bigint, x: bigint) => bigint;
    readonly end?: (joined: bigint, count: bigint) => bigint;
  };
  /** True if the largest of the elements is taken from each of them, and added to what is made of the others. */
  readonly shifted?: boolean;
}

interface Axes {
  readonly axes: readonly number[] | undefined;
  readonly keepdims: boolean;
  /** True if nothing is reduced where no axes are given; else all are. */
  readonly noop: boolean;
}

function reduce(context: Planning, x: Value, { axes: given, keepdims, noop }: Axes, reduction: Reduction): Step {
  const { start, join, end, big, shifted } = reduction;
  const all = !given?.length && !noop;
  const axes = all ? new Set(x.dims.keys()) : axesIn(context, given ?? [], x.dims.length);
  const reduced = x.dims.map((dim, axis) => (axes.has(axis) ? 1 : dim));
  const y = context.output(x.type, keepdims ? reduced : x.dims.filter((_, axis) => !axes.has(axis)));
  const places = stretched(reduced, x.dims);
  const [input, output] = [context.view(x), context.view(y)];
  const count = [...axes].reduce((product, axis) => product * x.dims[axis], 1);
  const joined = new Float64Array(sizeOf(reduced));
  const most = new Float64Array(shifted ? joined.length : 0);
  return () => {
    const [from, to] = [input(), output()];
    if (isBig(from) && isBig(to)) {
      if (!big) return;
      to.fill(big.start);
      for (let i = 0; i < places.length; i++) to[places[i]] = big.join(to[places[i]], from[i]);
      if (big.end) for (let i = 0; i < to.length; i++) to[i] = big.end(to[i], BigInt(count));
    } else if (!isBig(from) && !isBig(to)) {
      joined.fill(start);
      most.fill(Number.NEGATIVE_INFINITY);
      if (shifted) for (let i = 0; i < places.length; i++) most[places[i]] = Math.max(most[places[i]], from[i]);
      for (let i = 0; i < places.length; i++) {
        const place = places[i];
        joined[place] = join(joined[place], shifted ? from[i] - most[place] : from[i]);
      }
      for (let i = 0; i < to.length; i++) {
        to[i] = (end ? end(joined[i], count) : joined[i]) + (shifted ? most[i] : 0);
      }
    }
  };
}

/** The axes are an input since an operator set, an attribute before. */
function reduction(sinceInput: number, described: Reduction) {
  const types: readonly ElementType[] = described.big ? NUMBERS : FLOATS;
  return [
    operator({
      since: 1,
      until: sinceInput - 1,
      inputs: { x: needed(types) },
      attributes: { axes: ints(), keepdims: flag(true) },
      plan: (context) => reduce(context, context.inputs.x, { ...context.attributes, noop: false }, described),
    }),
    operator({
      since: sinceInput,
      inputs: { x: needed(types), axes: optional(INT64) },
      attributes: { keepdims: flag(true), noop_with_empty_axes: flag(false) },
      plan(context) {
        const { x, axes } = context.inputs;
        const { keepdims, noop_with_empty_axes: noop } = context.attributes;
        return reduce(context, x, { axes: axes && wholesOf(context, axes), keepdims, noop }, described);
      },
    }),
  ];
}

const sum = (a: number, b: number) => a + b;
const bigSum = (a: bigint, b: bigint) => a + b;
const [LEAST, MOST] = [-(2n ** 63n), 2n ** 63n - 1n];

/** Reductions. */
export const reductionOperators: Operators = {
  ReduceSum: reduction(13, { start: 0, join: sum, big: { start: 0n, join: bigSum } }),
  ReduceMean: reduction(18, {
    start: 0,
    join: sum,
    end: (joined, count) => joined / count,
    big: { start: 0n, join: bigSum, end: (joined, count) => joined / count },
  }),
  ReduceMax: reduction(18, {
    start: Number.NEGATIVE_INFINITY,
    join: Math.max,
    big: { start: LEAST, join: larger },
  }),
  ReduceMin: reduction(18, {
    start: Number.POSITIVE_INFINITY,
    join: Math.min,
    big: { start: MOST, join: smaller },
  }),
  ReduceProd: reduction(18, { start: 1, join: (a, b) => a * b, big: { start: 1n, join: (a, b) => a * b } }),
  ReduceL1: reduction(18, { start: 0, join: (a, x) => a + Math.abs(x) }),
  ReduceL2: reduction(18, { start: 0, join: (a, x) => a + x * x, end: Math.sqrt }),
  ReduceSumSquare: reduction(18, { start: 0, join: (a, x) => a + x * x }),
  ReduceLogSum: reduction(18, { start: 0, join: sum, end: Math.log }),
  ReduceLogSumExp: reduction(18, { start: 0, join: (a, x) => a + Math.exp(x), end: Math.log, shifted: true }),
};
