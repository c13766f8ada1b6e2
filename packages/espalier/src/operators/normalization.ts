import { attribute } from "../onnx/attributes.ts";
import { isFloat32 } from "../onnx/tensor.ts";
import type { Facets } from "./facets.ts";
import { prelu } from "./passing/arithmetic.ts";
import { layerNormalization } from "./passing/reduction.ts";
import { type Axis, along, passAxes, range, type UnitContext, type UnitLinks } from "./units.ts";

const scaling = {
  layer: { none: "a scale is not a connection: one that is zero is a dead unit" },
  bias: { none: "its shift is a weight of its own" },
  fit: { none: "it has no connections" },
  macs: { none: "it can be folded into the layer before it" },
} as const satisfies Omit<Facets, "weights" | "units">;

/** Numbers for each channel, which stays where it is. */
function byChannel(
  { node, shape, own }: UnitContext,
  axes: readonly number[],
  constant: (x: number, numbers: readonly number[]) => number,
): UnitLinks | undefined {
  const [input, ...names] = node.inputs;
  const [output] = node.outputs;
  const channel: Axis = { value: output, axis: 1 };
  const tensors = names.map(own);
  if (node.outputs.length > 1 || shape(input).length < 2 || !tensors.every(isFloat32)) return undefined;
  return {
    passages: passAxes(input, output, axes),
    held: names.map((name, i) => along(name, tensors[i].dims, [channel])),
    constant: ({ axis }, index, [x]) =>
      axis === 1
        ? constant(
            x,
            tensors.map(({ data }) => data[index]),
          )
        : Number.NaN,
  };
}

/** scale (x - mean) / sqrt(variance + epsilon) + shift */
function batchUnits(context: UnitContext): UnitLinks | undefined {
  const epsilon = attribute(context.node, "float", "epsilon", 1e-5);
  const axes = range(context.shape(context.node.inputs[0]).length);
  return byChannel(context, axes, (x, [scale, shift, mean, variance]) =>
    scale === 0 ? shift : (scale * (x - mean)) / Math.sqrt(variance + epsilon) + shift,
  );
}

/** Scale, shift, and the running mean and variance. */
export const BatchNormalization = { ...scaling, weights: [1, 2, 3, 4], units: batchUnits } as const satisfies Facets;

export const InstanceNormalization = {
  ...scaling,
  weights: [1, 2],
  // Each channel by its own mean and variance.
  units: (context) => byChannel(context, [0, 1], (x, [scale, shift]) => (scale === 0 || x === 0 ? shift : Number.NaN)),
} as const satisfies Facets;

export const LayerNormalization = { ...scaling, weights: [1, 2], units: layerNormalization } as const satisfies Facets;

export const RMSNormalization = { ...scaling, weights: [1], units: layerNormalization } as const satisfies Facets;

export const GroupNormalization = {
  ...scaling,
  weights: [1, 2],
  // Without a channel, the others of its group have another mean: channels stay.
  units: ({ node }) => ({ passages: passAxes(node.inputs[0], node.outputs[0], [0]) }),
} as const satisfies Facets;

/** A slope for each channel: max(0, x) + slope min(0, x). */
export const PRelu = { ...scaling, weights: [1], units: prelu } as const satisfies Facets;
