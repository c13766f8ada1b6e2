import { PAIRWISE } from "../../kernels/kernels.ts";
import { flag, float, int, only, unused } from "../attributes.ts";
import { sizeOf } from "../elements.ts";
import { needed, type Operators, operator, optional, type Planning, type Step, type Value } from "../operator.ts";
import { axisIn, stretched, stretches } from "./shapes.ts";
import { FLOAT } from "./types.ts";

/** x / (bias + alpha / size sum over the neighbouring channels of x^2)^beta. */
const lrn = operator({
  since: 1,
  inputs: { x: needed(FLOAT) },
  attributes: { size: int(), alpha: float(1e-4), beta: float(0.75), bias: float(1) },
  plan(context) {
    const { x } = context.inputs;
    const { size, alpha, beta, bias } = context.attributes;
    if (x.dims.length < 2) context.wrong(`reads [${x.dims}], which has no channels`);
    const [batch, channels, ...places] = x.dims;
    const plane = sizeOf(places);
    const [input, output] = [context.view(x), context.view(context.output("float32", x.dims))];
    const [before, after] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
    return () => {
      const [from, to] = [input(), output()];
      for (let n = 0; n < batch; n++) {
        for (let c = 0; c < channels; c++) {
          const [first, last] = [Math.max(0, c - before), Math.min(channels - 1, c + after)];
          for (let p = 0; p < plane; p++) {
            let squares = 0;
            for (let k = first; k <= last; k++) squares += from[(n * channels + k) * plane + p] ** 2;
            const at = (n * channels + c) * plane + p;
            to[at] = from[at] / (bias + (alpha / size) * squares) ** beta;
          }
        }
      }
    };
  },
});

type Float = Value<"float32">;

interface Normalized {
  readonly x: Float;
  readonly scale: Float;
  readonly shift: Float;
  readonly mean: Float;
  readonly variance: Float;
}

/** (x - mean) / sqrt(variance + epsilon) * scale + shift for each channel, with given means and variances. */
function normalize(context: Planning, { x, scale, shift, mean, variance }: Normalized, epsilon: number): Step {
  const channels = x.dims.length > 1 ? x.dims[1] : 1;
  const plane = sizeOf(x.dims.slice(2));
  const given = [scale, shift, mean, variance];
  for (const { dims } of given) {
    if (dims.length !== 1 || dims[0] !== channels) context.wrong(`reads [${x.dims}] and [${dims}]`);
  }
  const [input, output] = [context.at(x), context.at(context.output("float32", x.dims))];
  const [factors, variances] = [context.view(scale), context.view(variance)];
  const [shifts, means, deviations] = [context.at(shift), context.at(mean), context.scratch(channels)];
  const { heap, kernels } = context.machine;
  const size = channels * plane;
  const samples = size === 0 ? 0 : sizeOf(x.dims) / size;
  const join = (operation: number, a: number, b: number, to: number) =>
    kernels.pairwise(operation, channels, plane, a, 4 * plane, 4, b, 4, 0, to);
  return () => {
    const [by, squares, factor] = [factors(), variances(), heap.floats(deviations, channels)];
    for (let c = 0; c < channels; c++) factor[c] = by[c] / Math.sqrt(squares[c] + epsilon);
    for (let n = 0; n < samples; n++) {
      const to = output + 4 * n * size;
      join(PAIRWISE.subtract, input + 4 * n * size, means, to);
      join(PAIRWISE.multiply, to, deviations, to);
      join(PAIRWISE.add, to, shifts, to);
    }
  };
}

const normalized = {
  x: needed(FLOAT),
  scale: needed(FLOAT),
  shift: needed(FLOAT),
  mean: needed(FLOAT),
  variance: needed(FLOAT),
};

const batchNormalization = [
  operator({
    since: 6,
    until: 6,
    inputs: normalized,
    attributes: { is_test: flag(false), spatial: only(1), epsilon: float(1e-5), momentum: unused() },
    plan(context) {
      if (!context.attributes.is_test) context.refuse("is in training mode");
      return normalize(context, context.inputs, context.attributes.epsilon);
    },
  }),
  operator({
    since: 7,
    inputs: normalized,
    attributes: { spatial: only(1), training_mode: only(0), epsilon: float(1e-5), momentum: unused() },
    plan: (context) => normalize(context, context.inputs, context.attributes.epsilon),
  }),
];

/** (x - mean) / sqrt(variance + epsilon) * scale + shift over all axes from one on. */
const layerNormalization = operator({
  since: 17,
  inputs: { x: needed(FLOAT), scale: needed(FLOAT), shift: optional(FLOAT) },
  attributes: { axis: int(-1), epsilon: float(1e-5), stash_type: only(1) },
  outputs: 3,
  plan(context) {
    const { x, scale, shift } = context.inputs;
    const { epsilon } = context.attributes;
    const axis = axisIn(context, context.attributes.axis, x.dims.length);
    const normalized = x.dims.slice(axis);
    for (const value of [scale, shift]) {
      if (value && !stretches(value.dims, normalized)) context.refuse(`scales [${normalized}] by [${value.dims}]`);
    }
    const count = sizeOf(normalized);
    const left = x.dims.map((dim, i) => (i < axis ? dim : 1));
    const [input, output] = [context.view(x), context.view(context.output("float32", x.dims))];
    const [means, factors] = [1, 2].map((index) =>
      context.wants(index) ? context.view(context.output("float32", left, { index })) : undefined,
    );
    const [scales, shifts] = [context.view(scale), shift && context.view(shift)];
    const places = [scale, shift].map((value) => value && stretched(value.dims, normalized));
    return () => {
      const [from, to, by, plus] = [input(), output(), scales(), shifts?.()];
      const [ofScale, ofShift] = places;
      for (let start = 0, line = 0; start < from.length; start += count, line++) {
        let [sum, squares] = [0, 0];
        for (let i = start; i < start + count; i++) sum += from[i];
        const mean = sum / count;
        for (let i = start; i < start + count; i++) squares += (from[i] - mean) ** 2;
        const factor = 1 / Math.sqrt(squares / count + epsilon);
        if (means) means()[line] = mean;
        if (factors) factors()[line] = factor;
        for (let i = 0; i < count; i++) {
          const scaled = (from[start + i] - mean) * factor * by[ofScale?.[i] ?? i];
          to[start + i] = scaled + (plus ? plus[ofShift?.[i] ?? i] : 0);
        }
      }
    };
  },
});

/** Normalizations. */
export const normalizationOperators: Operators = {
  LRN: lrn,
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
};
