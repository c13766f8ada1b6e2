import { graph, int, ints } from "../attributes.ts";
import { Constant } from "../constant.ts";
import { needed, type Operators, operator, optional, type Planning, rest, type Value } from "../operator.ts";
import { axisIn, onlyOf } from "./shapes.ts";
import { part, stack } from "./stack.ts";
import { ANY, BOOL, INT64 } from "./types.ts";

const MANY = Number.POSITIVE_INFINITY;

/** Times round a loop: each is planned by itself, with memory of its own. */
const MOST = 10_000;

const choose = operator({
  since: 1,
  inputs: { cond: needed(BOOL) },
  attributes: { then_branch: graph(), else_branch: graph() },
  outputs: MANY,
  plan(context) {
    const taken = onlyOf(context, "cond", context.inputs.cond);
    const { then_branch, else_branch } = context.attributes;
    const results = context.branch(taken ? then_branch : else_branch);
    if (results.length < context.outputs) context.wrong(`has a branch of ${results.length} outputs`);
    give(context, results);
    return undefined;
  },
});

/** Makes values the node's first outputs. */
function give(context: Planning, results: readonly Value[]): void {
  for (const [index, value] of results.entries()) if (context.wants(index)) context.alias(value, value.dims, index);
}

/** Makes what a body gave each time round an output, along a new axis. */
function collect(context: Planning, values: readonly Value[], axis: number, index: number): void {
  if (!context.wants(index)) return;
  const [first] = values;
  if (!first) context.refuse("collects the outputs of a body that is never run");
  if (values.some(({ type, dims }) => type !== first.type || dims.join() !== first.dims.join())) {
    context.wrong("has a body whose outputs change their shape");
  }
  const all = context.apply(stack, values, { axis: axisIn(context, axis, first.dims.length + 1) });
  context.alias(all, all.dims, index);
}

/**
 * Runs its body so many times, or as long as it says so: states go round, other outputs are collected. How often is
 * known when the network is planned, for what is fed where it depends on that.
 */
const loop = operator({
  since: 1,
  inputs: {
    trips: optional(INT64),
    cond: optional(BOOL),
    states: rest(ANY, { mixed: true, empty: true, reads: "shape" }),
  },
  attributes: { body: graph() },
  outputs: MANY,
  plan(context) {
    const { trips, cond, states: initial } = context.inputs;
    const { body } = context.attributes;
    const count = initial.length;
    const outputs = body.outputs.length - 1;
    if (body.inputs.length !== count + 2 || outputs < count || outputs < context.outputs) {
      context.wrong(`has ${count} states and ${context.outputs} outputs, and a body that does not fit them`);
    }
    const limit = trips ? Number(onlyOf(context, "trips", trips)) : Number.POSITIVE_INFINITY;
    const collected: Value[][] = Array.from({ length: outputs - count }, () => []);
    let states: readonly Value[] = initial;
    let going = !cond || onlyOf(context, "cond", cond) !== 0;
    for (let i = 0; i < limit && going; i++) {
      if (i === MOST) context.refuse(`goes round more than ${MOST} times`);
      const number = context.given(new Constant("int64", [], BigInt64Array.of(BigInt(i))));
      const on = context.given(new Constant("bool", [], Uint8Array.of(1)));
      const [again, ...results] = context.branch(body, [number, on, ...states]);
      states = results.slice(0, count);
      for (const [k, value] of results.slice(count).entries()) collected[k].push(value);
      // After the last time round, whether to go on is not asked.
      going = i + 1 < limit && Number(onlyOf(context, "its body's condition", again)) !== 0;
    }
    give(context, states);
    for (const [k, values] of collected.entries()) collect(context, values, 0, count + k);
    return undefined;
  },
});

/** Runs its body for each part of its inputs: states go round, other outputs are collected. */
const scan = operator({
  since: 9,
  inputs: { all: rest(ANY, { mixed: true, reads: "shape" }) },
  attributes: {
    body: graph(),
    num_scan_inputs: int(),
    scan_input_axes: ints(),
    scan_input_directions: ints(),
    scan_output_axes: ints(),
    scan_output_directions: ints(),
  },
  outputs: MANY,
  plan(context) {
    const { all } = context.inputs;
    const { body, num_scan_inputs: parts, ...given } = context.attributes;
    const count = all.length - parts;
    const lists = body.outputs.length - count;
    if (count < 0 || lists < 0 || body.inputs.length !== all.length || body.outputs.length < context.outputs) {
      context.wrong(`has ${all.length} inputs and ${context.outputs} outputs, and a body that does not fit them`);
    }
    const scanned = all.slice(count);
    const axes = scanned.map(({ dims }, k) => axisIn(context, given.scan_input_axes?.[k] ?? 0, dims.length));
    const [length] = scanned.map(({ dims }, k) => dims[axes[k]]);
    if (length === undefined) context.wrong("scans no input");
    if (length > MOST) context.refuse(`goes round more than ${MOST} times`);
    for (const [k, { dims }] of scanned.entries()) {
      if (dims[axes[k]] !== length) context.wrong(`scans ${length} elements and ${dims[axes[k]]}`);
    }
    const collected: Value[][] = Array.from({ length: lists }, () => []);
    let states = all.slice(0, count);
    for (let i = 0; i < length; i++) {
      const now = scanned.map((value, k) => {
        const index = given.scan_input_directions?.[k] ? length - 1 - i : i;
        return context.apply(part, [value], { axis: axes[k], index });
      });
      const results = context.branch(body, [...states, ...now]);
      states = results.slice(0, count);
      for (const [k, value] of results.slice(count).entries()) {
        if (given.scan_output_directions?.[k]) collected[k].unshift(value);
        else collected[k].push(value);
      }
    }
    give(context, states);
    for (const [k, values] of collected.entries()) {
      collect(context, values, given.scan_output_axes?.[k] ?? 0, count + k);
    }
    return undefined;
  },
});

/** Operators that run other graphs. */
export const controlOperators: Operators = { If: choose, Loop: loop, Scan: scan };
