import { float, int, ints, only } from "../attributes.ts";
import { sizeOf } from "../elements.ts";
import { needed, type Operators, operator, type Planning, type Step, type Value } from "../operator.ts";
import { axesIn, axisIn, stretched, stretches } from "./shapes.ts";
import { FLOAT } from "./types.ts";

type Float = Value<"float32">;

/**
 * (x - mean) / sqrt(variance + epsilon) * scale + shift, mean and variance being those of a group of channels of one
 * sample, scale and shift one for each channel or one for each group.
 */
function standardize(
  context: Planning,
  { x, scale, shift }: { readonly x: Float; readonly scale: Float; readonly shift: Float },
  groups: number,
  epsilon: number,
  each: "channel" | "group",
): Step {
  const [batch, channels, ...places] = x.dims;
  if (x.dims.length < 3 || channels % groups !== 0)
    context.wrong(`has ${groups} groups of the channels of [${x.dims}]`);
  const given = each === "channel" ? channels : groups;
  for (const { dims } of [scale, shift]) {
    if (dims.length !== 1 || dims[0] !== given) context.wrong(`scales [${x.dims}] by [${dims}]`);
  }
  const plane = sizeOf(places);
  const [own, size] = [channels / groups, (channels / groups) * plane];
  const [input, output] = [context.view(x), context.view(context.output("float32", x.dims))];
  const [scales, shifts] = [context.view(scale), context.view(shift)];
  return () => {
    const [from, to, by, plus] = [input(), output(), scales(), shifts()];
    for (let part = 0; part < batch * groups; part++) {
      const start = part * size;
      let [sum, squares] = [0, 0];
      for (let i = start; i < start + size; i++) sum += from[i];
      const mean = sum / size;
      for (let i = start; i < start + size; i++) squares += (from[i] - mean) ** 2;
      const factor = 1 / Math.sqrt(squares / size + epsilon);
      for (let c = 0; c < own; c++) {
        const group = part % groups;
        const at = each === "channel" ? group * own + c : group;
        for (let i = start + c * plane; i < start + (c + 1) * plane; i++)
          to[i] = (from[i] - mean) * factor * by[at] + plus[at];
      }
    }
  };
}

const affine = { x: needed(FLOAT), scale: needed(FLOAT), shift: needed(FLOAT) };

const instanceNormalization = operator({
  since: 6,
  inputs: affine,
  attributes: { epsilon: float(1e-5) },
  plan: (context) =>
    standardize(context, context.inputs, context.inputs.x.dims[1], context.attributes.epsilon, "channel"),
});

function groupNormalization(since: number, until: number | undefined, each: "channel" | "group") {
  return operator({
    since,
    until,
    inputs: affine,
    attributes: { epsilon: float(1e-5), num_groups: int(), stash_type: only(1) },
    plan(context) {
      const { epsilon, num_groups: groups } = context.attributes;
      return standardize(context, context.inputs, groups, epsilon, each);
    },
  });
}

/** x / sqrt(mean of squares + epsilon) * scale, over all axes from one on. */
const rmsNormalization = operator({
  since: 23,
  inputs: { x: needed(FLOAT), scale: needed(FLOAT) },
  attributes: { axis: int(-1), epsilon: float(1e-5), stash_type: only(1) },
  plan(context) {
    const { x, scale } = context.inputs;
    const axis = axisIn(context, context.attributes.axis, x.dims.length);
    const normalized = x.dims.slice(axis);
    if (!stretches(scale.dims, normalized)) context.refuse(`scales [${normalized}] by [${scale.dims}]`);
    const count = sizeOf(normalized);
    const places = stretched(scale.dims, normalized);
    const [input, output] = [context.view(x), context.view(context.output("float32", x.dims))];
    const scales = context.view(scale);
    return () => {
      const [from, to, by] = [input(), output(), scales()];
      for (let start = 0; start < from.length; start += count) {
        let squares = 0;
        for (let i = start; i < start + count; i++) squares += from[i] ** 2;
        const factor = 1 / Math.sqrt(squares / count + context.attributes.epsilon);
        for (let i = 0; i < count; i++) to[start + i] = from[start + i] * factor * by[places[i]];
      }
    };
  },
});

/** (x - mean) / (deviation + 1e-9), over samples and places or over given axes. */
const meanVariance = operator({
  since: 9,
  inputs: { x: needed(FLOAT) },
  attributes: { axes: ints() },
  plan(context) {
    const { x } = context.inputs;
    const axes = axesIn(context, context.attributes.axes ?? [0, 2, 3], x.dims.length);
    const reduced = x.dims.map((dim, axis) => (axes.has(axis) ? 1 : dim));
    const places = stretched(reduced, x.dims);
    const count = sizeOf(x.dims) / sizeOf(reduced);
    const [input, output] = [context.view(x), context.view(context.output("float32", x.dims))];
    const [sums, squares] = [new Float64Array(sizeOf(reduced)), new Float64Array(sizeOf(reduced))];
    return () => {
      const [from, to] = [input(), output()];
      sums.fill(0);
      squares.fill(0);
      for (let i = 0; i < places.length; i++) sums[places[i]] += from[i] / count;
      for (let i = 0; i < places.length; i++) squares[places[i]] += (from[i] - sums[places[i]]) ** 2 / count;
      for (let i = 0; i < places.length; i++) {
        to[i] = (from[i] - sums[places[i]]) / (Math.sqrt(squares[places[i]]) + 1e-9);
      }
    };
  },
});

/** x over the norm of its line along an axis. */
const lpNormalization = operator({
  since: 1,
  inputs: { x: needed(FLOAT) },
  attributes: { axis: int(-1), p: int(2) },
  plan(context) {
    const { x } = context.inputs;
    const { p } = context.attributes;
    if (p !== 1 && p !== 2) context.refuse(`takes the norm of the order ${p}`);
    const axis = axisIn(context, context.attributes.axis, x.dims.length);
    const reduced = x.dims.map((dim, i) => (i === axis ? 1 : dim));
    const places = stretched(reduced, x.dims);
    const [input, output] = [context.view(x), context.view(context.output("float32", x.dims))];
    const norms = new Float64Array(sizeOf(reduced));
    return () => {
      const [from, to] = [input(), output()];
      norms.fill(0);
      for (let i = 0; i < places.length; i++) norms[places[i]] += Math.abs(from[i]) ** p;
      for (let i = 0; i < places.length; i++) {
        const norm = norms[places[i]] ** (1 / p);
        to[i] = norm === 0 ? 0 : from[i] / norm;
      }
    };
  },
});

/** Normalizations by the statistics of what is normalized. */
export const standardizationOperators: Operators = {
  InstanceNormalization: instanceNormalization,
  GroupNormalization: [groupNormalization(18, 20, "group"), groupNormalization(21, undefined, "channel")],
  RMSNormalization: rmsNormalization,
  MeanVarianceNormalization: meanVariance,
  LpNormalization: lpNormalization,
};
