import type { Model } from "../onnx/graph.ts";
import { type FloatTensor, float32, isFloat32 } from "../onnx/tensor.ts";
import type { Layer } from "../operators/layers.ts";
import { outputAxis } from "../operators/output-axis.ts";
import { layerInBits, roundedTo } from "../sharing/scaled/in-bits.ts";
import { axisOf } from "../sharing/scaled/looks.ts";
import { type Axis, alongAxis, type ScaledTensor } from "../sharing/scaled/scaled.ts";
import type { Statistics } from "../sharing/scaled/statistics.ts";
import { MOST_INT8 } from "./weights.ts";

/** Layers as codes of eight bits. */
export interface Codes {
  /** By the names of their weights. */
  readonly weights: ReadonlyMap<string, ScaledTensor>;
  /** By the names of the weights: biases that make up for what rounding changes in the mean. */
  readonly biasOf: ReadonlyMap<string, { readonly name: string; readonly tensor: FloatTensor }>;
}

/** Scales are told in full: only what is coded wants few that differ. */
const TO_THE_OCTAVE = 64;

/** Layers of which fewer weights than this stay as they are: their scales and nodes would take as much. */
const FEWEST = 64;

/** The layers whose weights are worth being codes. */
export const worthCodes = (layers: readonly Layer[]) => layers.filter(({ tensor }) => tensor.data.length >= FEWEST);

/**
 * Rounds the weights of layers to codes: by what they read and do to the outputs, where that is known, so that weights
 * make up for each other's errors; else each to the nearest.
 */
export function codesFor(model: Model, layers: readonly Layer[], statistics: Statistics | undefined): Codes {
  const weights = new Map<string, ScaledTensor>();
  const biasOf = new Map<string, { name: string; tensor: FloatTensor }>();
  for (const layer of layers) {
    const { weight, tensor } = layer;
    const looked = statistics?.layers.get(weight);
    if (!looked) {
      weights.set(weight, roundedTo(tensor, axisFor(model, layer), MOST_INT8, TO_THE_OCTAVE));
      continue;
    }
    const name = looked.linear.bias ?? "";
    const bias = model.initializers.get(name);
    const found = layerInBits(looked, isFloat32(bias) ? bias : undefined, MOST_INT8, TO_THE_OCTAVE);
    weights.set(weight, found.scaled);
    if (isFloat32(bias)) biasOf.set(weight, { name, tensor: float32(bias.dims, found.biases) });
  }
  return { weights, biasOf };
}

/** The axis of a layer's output units, whichever node reads its weights first. */
function axisFor(model: Model, { node, operand, weight, tensor: { dims } }: Layer): Axis {
  const isWhole = dims.filter((size) => size > 1).length < 2;
  if (isWhole || node.inputs[operand] !== weight) return axisOf(model, weight);
  return alongAxis(dims, outputAxis({ node, operand }, dims.length));
}
