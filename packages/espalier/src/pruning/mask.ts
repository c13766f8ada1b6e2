import { type FloatTensor, float32 } from "../onnx/tensor.ts";
import type { Layer } from "../operators/layers.ts";
import type { Masks, Parameters } from "../training/parameters.ts";
import { magnitudeAbove } from "./threshold.ts";

/** The mask that keeps the weights whose magnitude is above a threshold. A weight that is zero stays cut. */
export function maskAbove({ dims, data }: FloatTensor, threshold: number): FloatTensor {
  return float32(
    dims,
    Float32Array.from(data, (w) => (Math.abs(w) > threshold ? 1 : 0)),
  );
}

/**
 * The mask that keeps so many weights, those of the largest magnitude: of equal ones the first. A weight that is zero
 * stays cut.
 */
export function maskOfLargest({ dims, data }: FloatTensor, kept: number): FloatTensor {
  return float32(dims, Float32Array.from(largest(data, kept)));
}

/** 1 for each of the so many weights of the largest magnitude, of equal ones the first, unless they are zero; else 0. */
export function largest(weights: Float32Array, kept: number): Uint8Array {
  const limit = magnitudeAbove(weights, kept);
  const mask = Uint8Array.from(weights, (w) => (Math.abs(w) > limit ? 1 : 0));
  let left = kept - mask.reduce((sum, one) => sum + one, 0);
  if (limit > 0) {
    for (let i = 0; i < weights.length && left > 0; i++) {
      if (Math.abs(weights[i]) !== limit) continue;
      mask[i] = 1;
      left--;
    }
  }
  return mask;
}

/** The masks that a network's own zeros amount to, as of one that was pruned before. */
export function masksOfZeros(parameters: Parameters, weights: Iterable<string>): Masks {
  const masks = new Map<string, FloatTensor>();
  for (const name of weights) {
    const tensor = parameters.get(name);
    if (tensor?.data.includes(0)) masks.set(name, maskAbove(tensor, 0));
  }
  return masks;
}

/** Masks that keep every connection. */
export function wholeMasks(parameters: Parameters, weights: Iterable<string>): Masks {
  const masks = new Map<string, FloatTensor>();
  for (const name of weights) {
    const tensor = parameters.get(name);
    if (tensor) masks.set(name, float32(tensor.dims, new Float32Array(tensor.data.length).fill(1)));
  }
  return masks;
}

/** How many elements are not zero: kept connections of a mask, or live weights of a parameter. */
export function countNonzero({ data }: FloatTensor): number {
  let count = 0;
  for (const value of data) if (value !== 0) count++;
  return count;
}

/** All elements of some parameters, and those that are not zero. */
export function countAll(parameters: Parameters): { parameters: number; nonzero: number } {
  const tensors = [...parameters.values()];
  return {
    parameters: tensors.reduce((sum, { data }) => sum + data.length, 0),
    nonzero: tensors.reduce((sum, tensor) => sum + countNonzero(tensor), 0),
  };
}

/** A part of something; all of it where there is nothing, as of a layer without rows. */
export const partOf = (part: number, all: number) => (all === 0 ? 1 : part / all);

/** Non-zero parameters / all parameters. */
export function densityOf(parameters: Parameters): number {
  const { parameters: all, nonzero } = countAll(parameters);
  return partOf(nonzero, all);
}

/** Non-zero weights / all of each layer, by its name. */
export function layerDensities(layers: readonly Layer[], parameters: Parameters): Record<string, number> {
  const of = ({ weight, tensor }: Layer) => partOf(countNonzero(parameters.get(weight) ?? tensor), tensor.data.length);
  return Object.fromEntries(layers.map((layer) => [layer.name, of(layer)]));
}
