import { float, ints, oneOf } from "../attributes.ts";
import { needed, type Operators, operator, optional, type Planning, type Step, type Value } from "../operator.ts";
import { axesIn, checkMade, checkOne, gridOf, stepsOf, wholesOf, wordsIn, wordsOf } from "./shapes.ts";
import { ANY, INDICES, INT64 } from "./types.ts";

type Mode = "constant" | "reflect" | "edge" | "wrap";

/** The place of an axis of `count` elements that a place outside of it stands for; -1 for none. */
function placeIn(at: number, count: number, mode: Mode): number {
  if (at >= 0 && at < count) return at;
  if (mode === "constant") return -1;
  if (mode === "edge") return at < 0 ? 0 : count - 1;
  if (mode === "wrap") return ((at % count) + count) % count;
  const period = Math.max(1, 2 * (count - 1));
  const folded = ((at % period) + period) % period;
  return folded < count ? folded : period - folded;
}

/** @param pads before the first element of each axis, then after the last of each */
function pad(context: Planning, x: Value, pads: readonly number[], mode: Mode, filler?: Value, number = 0): Step {
  const { dims } = x;
  if (pads.length !== 2 * dims.length) context.wrong(`pads [${dims}] by [${pads}]`);
  // Negative pads cut an axis first; what is left of it is continued.
  const cut = dims.map((_, axis) => Math.max(0, -pads[axis]));
  const left = dims.map((dim, axis) => dim - cut[axis] - Math.max(0, -pads[axis + dims.length]));
  const sizes = dims.map((dim, axis) => dim + pads[axis] + pads[axis + dims.length]);
  if (left.some((count) => count < 0)) context.wrong(`cuts [${pads}] off [${dims}]`);
  if (mode !== "constant" && left.some((count, axis) => count === 0 && sizes[axis] > 0)) {
    context.wrong(`has nothing in [${dims}] to pad with`);
  }
  checkMade(context, sizes);
  const steps = stepsOf(dims);
  const places = gridOf(
    sizes.map((size, axis) =>
      Array.from({ length: size }, (_, i) => {
        const place = placeIn(i - Math.max(0, pads[axis]), left[axis], mode);
        return place < 0 ? -1 : (cut[axis] + place) * steps[axis];
      }),
    ),
  );
  const [input, output] = [wordsOf(context, x), wordsOf(context, context.output(x.type, sizes))];
  const given = filler && wordsOf(context, filler);
  const absent = new Int32Array(Float32Array.of(number).buffer);
  const words = wordsIn(x.type);
  return () => {
    const [from, to, zero] = [input(), output(), given?.()];
    for (let i = 0; i < places.length; i++) {
      for (let k = 0; k < words; k++) {
        to[i * words + k] = places[i] < 0 ? (zero ? zero[k] : (absent[k] ?? 0)) : from[places[i] * words + k];
      }
    }
  };
}

const pads = [
  operator({
    since: 2,
    inputs: { data: needed(["float32"]) },
    attributes: { mode: oneOf("constant", "reflect", "edge"), pads: ints(), value: float(0) },
    plan(context) {
      const { mode, pads, value } = context.attributes;
      return pad(context, context.inputs.data, pads ?? [], mode, undefined, value);
    },
  }),
  operator({
    since: 11,
    inputs: {
      data: needed(ANY),
      pads: needed(INT64),
      constant_value: optional(ANY, { like: "data" }),
      axes: optional(INDICES),
    },
    attributes: { mode: oneOf("constant", "reflect", "edge", "wrap") },
    plan(context) {
      const { data, pads, constant_value, axes } = context.inputs;
      if (constant_value) checkOne(context, "constant_value", constant_value);
      const given = wholesOf(context, pads);
      const rank = data.dims.length;
      const named = axes ? [...axesIn(context, wholesOf(context, axes), rank)] : [...data.dims.keys()];
      if (given.length !== 2 * named.length) context.wrong(`pads ${named.length} axes by [${given}]`);
      const all = Array<number>(2 * rank).fill(0);
      for (const [i, axis] of named.entries()) {
        all[axis] = given[i];
        all[axis + rank] = given[i + named.length];
      }
      return pad(context, data, all, context.attributes.mode, constant_value);
    },
  }),
];

/** Padding. */
export const padOperators: Operators = { Pad: pads };
