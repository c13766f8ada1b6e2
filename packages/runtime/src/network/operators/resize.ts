import { flag, float, floats, ints, oneOf, only } from "../attributes.ts";
import { needed, type Operators, operator, optional, type Planning, type Step, type Value } from "../operator.ts";
import { interpolate } from "./interpolation.ts";
import { pick } from "./pick.ts";
import { type Coordinates, coordinateOf, type Interpolation, NEAREST, type Tap, tapsOf } from "./resampling.ts";
import { axesIn, checkMade, gridOf, stepsOf, wholesOf } from "./shapes.ts";
import { ANY, FLOAT, INT64 } from "./types.ts";

/** One axis as it is resized. */
interface Axis {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
  /** The part of the input that is cut out, in parts of its length (tf_crop_and_resize). */
  readonly region: readonly [start: number, end: number];
}

interface Manner {
  readonly interpolation: Interpolation;
  readonly coordinates: Coordinates;
  /** Of what lies outside of a region. */
  readonly extrapolation: number;
}

function resize(context: Planning, x: Value, axes: readonly Axis[], manner: Manner): Step | undefined {
  const { interpolation, coordinates, extrapolation } = manner;
  const dims = axes.map(({ to }) => to);
  if (axes.some(({ from, to }) => from === 0 && to > 0) || dims.some((dim) => dim < 0)) {
    context.wrong(`makes [${dims}] of [${x.dims}]`);
  }
  checkMade(context, dims);
  const taps = axes.map((axis): readonly (readonly Tap[])[] =>
    Array.from({ length: axis.to }, (_, i) => {
      // An axis that stays as it is is not interpolated.
      if (axis.from === axis.to && axis.scale === 1 && coordinates !== "tf_crop_and_resize")
        return [{ at: i, weight: 1 }];
      return tapsOf(coordinateOf(i, axis, coordinates), axis.from, interpolation, coordinates, axis.scale < 1);
    }),
  );
  const outside = taps.some((axis) => axis.some((places) => places.length === 0));
  if (interpolation.mode === "nearest" && !outside) {
    const steps = stepsOf(x.dims);
    const tables = taps.map((axis, i) => axis.map(([{ at }]) => at * steps[i]));
    return pick(context, x, dims, gridOf(tables));
  }
  if (!isFloat32(x)) return context.refuse(`interpolates ${x.type}`);
  return interpolate(context, x, dims, taps, extrapolation);
}

function isFloat32(value: Value): value is Value<"float32"> {
  return value.type === "float32";
}

/** Axes by how many times as long they become. */
function byScales(context: Planning, x: Value, scales: readonly number[]): Axis[] {
  if (scales.length !== x.dims.length) context.wrong(`scales [${x.dims}] by [${scales}]`);
  return x.dims.map((from, i) => ({ from, to: Math.floor(from * scales[i]), scale: scales[i], region: [0, 1] }));
}

/** Before operator set 11 coordinates are asymmetric, and the nearest is the one before, or behind where it shrinks. */
const simple = (mode: "nearest" | "linear"): Manner => ({
  interpolation: { ...NEAREST, mode, nearest: "simple" },
  coordinates: "asymmetric",
  extrapolation: 0,
});

const upsample = [
  operator({
    since: 7,
    until: 8,
    inputs: { x: needed(ANY) },
    attributes: { mode: oneOf("nearest", "linear"), scales: floats() },
    plan(context) {
      const { mode, scales } = context.attributes;
      return resize(context, context.inputs.x, byScales(context, context.inputs.x, scales ?? []), simple(mode));
    },
  }),
  operator({
    since: 9,
    until: 9,
    inputs: { x: needed(ANY), scales: needed(FLOAT) },
    attributes: { mode: oneOf("nearest", "linear") },
    plan(context) {
      const { x, scales } = context.inputs;
      return resize(context, x, byScales(context, x, [...context.known(scales)]), simple(context.attributes.mode));
    },
  }),
];

const resizes = [
  operator({
    since: 10,
    inputs: { x: needed(ANY), scales: needed(FLOAT) },
    attributes: { mode: oneOf("nearest", "linear") },
    plan(context) {
      const { x, scales } = context.inputs;
      return resize(context, x, byScales(context, x, [...context.known(scales)]), simple(context.attributes.mode));
    },
  }),
  operator({
    since: 11,
    inputs: { x: needed(ANY), roi: optional(FLOAT), scales: optional(FLOAT), sizes: optional(INT64) },
    attributes: {
      mode: oneOf("nearest", "linear", "cubic"),
      coordinate_transformation_mode: oneOf(
        "half_pixel",
        "half_pixel_symmetric",
        "pytorch_half_pixel",
        "align_corners",
        "asymmetric",
        "tf_half_pixel_for_nn",
        "tf_crop_and_resize",
      ),
      nearest_mode: oneOf("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
      cubic_coeff_a: float(-0.75),
      exclude_outside: flag(false),
      extrapolation_value: float(0),
      antialias: only(0),
      axes: ints(),
      keep_aspect_ratio_policy: oneOf("stretch", "not_larger", "not_smaller"),
    },
    plan(context) {
      const { x, roi, scales, sizes } = context.inputs;
      const { attributes } = context;
      const coordinates = attributes.coordinate_transformation_mode;
      const rank = x.dims.length;
      const named = [...axesIn(context, attributes.axes ?? [...x.dims.keys()], rank)];
      const region = coordinates === "tf_crop_and_resize" && roi ? [...context.known(roi)] : undefined;
      if (region && region.length !== 2 * named.length) context.wrong(`cuts out [${region}]`);
      const factors = scales ? [...context.known(scales)] : [];
      const lengths = sizes ? wholesOf(context, sizes) : [];
      const asked = factors.length > 0 ? factors : lengths;
      if (asked.length !== named.length || (factors.length > 0 && lengths.length > 0)) {
        context.wrong(`resizes ${named.length} axes by [${factors}] to [${lengths}]`);
      }
      const ratios = named.map((axis, i) => lengths[i] / x.dims[axis]);
      const policy = attributes.keep_aspect_ratio_policy;
      const common = policy === "not_larger" ? Math.min(...ratios) : Math.max(...ratios);
      // Upwards it would move axes that keep their length, which some runtimes leave as they are.
      if (
        coordinates === "tf_half_pixel_for_nn" &&
        (attributes.mode !== "nearest" || attributes.nearest_mode.endsWith("ceil"))
      ) {
        context.refuse("takes tf_half_pixel_for_nn for more than the element below");
      }
      // Definitions differ in whether the corners of 2.4 places are those of 2.
      if (
        coordinates === "align_corners" &&
        named.some((axis, i) => !Number.isInteger(x.dims[axis] * (factors[i] ?? 1)))
      ) {
        context.refuse(`aligns the corners of [${x.dims}] times [${factors}]`);
      }
      const axes = x.dims.map((from, axis): Axis => {
        const i = named.indexOf(axis);
        if (i < 0) return { from, to: from, scale: 1, region: [0, 1] };
        const part: [number, number] = region ? [region[i], region[i + named.length]] : [0, 1];
        if (factors.length > 0) return { from, to: Math.floor(from * factors[i]), scale: factors[i], region: part };
        if (policy === "stretch") return { from, to: lengths[i], scale: ratios[i], region: part };
        const to = Math.floor(from * common + 0.5);
        return { from, to, scale: common, region: part };
      });
      return resize(context, x, axes, {
        interpolation: {
          mode: attributes.mode,
          nearest: attributes.nearest_mode,
          coefficient: attributes.cubic_coeff_a,
          excludeOutside: attributes.exclude_outside,
        },
        coordinates,
        extrapolation: attributes.extrapolation_value,
      });
    },
  }),
];

/** Resizing of images. */
export const resizeOperators: Operators = { Resize: resizes, Upsample: upsample };
