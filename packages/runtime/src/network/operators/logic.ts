import { flag } from "../attributes.ts";
import { needed, type Operators, operator, type Planning, type Step, type Value } from "../operator.ts";
import { join, map, stretch } from "./elementwise.ts";
import { broadcast, wordsIn, wordsOf } from "./shapes.ts";
import { ANY, BOOL, COMPARED, FLOATS, NUMBERS } from "./types.ts";

type Comparison = (a: number | bigint, b: number | bigint) => boolean;

/** Writes 1 where something is true of the elements of two values, and 0 elsewhere. */
function decide(context: Planning, a: Value, b: Value, is: Comparison): Step {
  const dims = broadcast(context, a.dims, b.dims);
  const output = context.view(context.output("bool", dims));
  const [left, right] = [stretch(context, a, dims), stretch(context, b, dims)];
  const f = (x: number | bigint, y: number | bigint) => (is(x, y) ? 1 : 0);
  return () => join(left.view(), left.places, right.view(), right.places, output(), f);
}

function comparison(since: number, is: Comparison) {
  return operator({
    since,
    inputs: { a: needed(NUMBERS), b: needed(NUMBERS, { like: "a" }) },
    attributes: {},
    plan: (context) => decide(context, context.inputs.a, context.inputs.b, is),
  });
}

function logical(is: Comparison) {
  return operator({
    since: 7,
    inputs: { a: needed(BOOL), b: needed(BOOL) },
    attributes: {},
    plan: (context) => decide(context, context.inputs.a, context.inputs.b, is),
  });
}

const equal = operator({
  since: 7,
  inputs: { a: needed(COMPARED), b: needed(COMPARED, { like: "a" }) },
  attributes: {},
  plan: (context) => decide(context, context.inputs.a, context.inputs.b, (a, b) => a === b),
});

const not = operator({
  since: 1,
  inputs: { x: needed(BOOL) },
  attributes: {},
  plan(context) {
    const { x } = context.inputs;
    return map(context, x, "bool", (x) => 1 - x);
  },
});

/** The elements of `x` where a condition holds, and those of `y` elsewhere. */
const where = operator({
  since: 9,
  inputs: { condition: needed(BOOL), x: needed(ANY), y: needed(ANY, { like: "x" }) },
  attributes: {},
  plan(context) {
    const { condition, x, y } = context.inputs;
    const dims = broadcast(context, condition.dims, x.dims, y.dims);
    const output = wordsOf(context, context.output(x.type, dims));
    const [test, left, right] = [condition, x, y].map((value) => stretch(context, value, dims).places);
    const [holds, ifSo, ifNot] = [context.view(condition), wordsOf(context, x), wordsOf(context, y)];
    const words = wordsIn(x.type);
    return () => {
      const [conditions, a, b, to] = [holds(), ifSo(), ifNot(), output()];
      for (let i = 0; i < to.length / words; i++) {
        const chosen = conditions[test ? test[i] : i] !== 0;
        const [from, places] = chosen ? [a, left] : [b, right];
        const at = (places ? places[i] : i) * words;
        for (let k = 0; k < words; k++) to[i * words + k] = from[at + k];
      }
    };
  },
});

const isInfinite = operator({
  since: 10,
  inputs: { x: needed(FLOATS) },
  attributes: { detect_negative: flag(true), detect_positive: flag(true) },
  plan(context) {
    const { detect_negative: below, detect_positive: above } = context.attributes;
    const is = (x: number) => (above && x === Number.POSITIVE_INFINITY) || (below && x === Number.NEGATIVE_INFINITY);
    return map(context, context.inputs.x, "bool", (x) => (is(x) ? 1 : 0));
  },
});

const isNotANumber = operator({
  since: 9,
  inputs: { x: needed(FLOATS) },
  attributes: {},
  plan: (context) => map(context, context.inputs.x, "bool", (x) => (Number.isNaN(x) ? 1 : 0)),
});

/** Comparisons, logic, and what chooses by them. */
export const logicOperators: Operators = {
  Equal: equal,
  Less: comparison(7, (a, b) => a < b),
  Greater: comparison(7, (a, b) => a > b),
  LessOrEqual: comparison(12, (a, b) => a <= b),
  GreaterOrEqual: comparison(12, (a, b) => a >= b),
  And: logical((a, b) => a === 1 && b === 1),
  Or: logical((a, b) => a === 1 || b === 1),
  Xor: logical((a, b) => a !== b),
  Not: not,
  Where: where,
  IsInf: isInfinite,
  IsNaN: isNotANumber,
};
