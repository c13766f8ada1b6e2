import { UserError } from "../errors.ts";
import type { FloatTensor } from "../onnx/tensor.ts";
import { inOrder, type SharedTensor } from "./shared.ts";

/** Steps that are tried, each this part of the one before. */
const CANDIDATES = 60;
const SHRINK = 0.97;
/** Weights that the steps are compared on. */
const SAMPLE = 2 ** 16;

/**
 * Fixed point: each weight becomes the nearest whole multiple q of one step per layer, with |q| < 2^(bits - 1), so that
 * zero is a value and stays exact. The step is that of the least squared error, which clips the largest weights where
 * bits are few.
 * @throws UserError for 1 bit, which has no value beside zero
 */
export function uniform({ dims, data }: FloatTensor, { bits }: { readonly bits: number }): SharedTensor {
  if (bits < 2) throw new UserError("A uniform codebook needs 2 bits or more: one bit has no room beside the zero.");
  const most = 2 ** (bits - 1) - 1;
  const step = Math.fround(bestStep(data, most));
  const codes = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) codes[i] = multiple(data[i], step, most) + most;
  const values = Float32Array.from({ length: 2 * most + 1 }, (_, code) => (code - most) * step);
  return inOrder({ dims, values, codes, step });
}

function multiple(w: number, step: number, most: number): number {
  return Math.max(-most, Math.min(most, Math.round(w / step)));
}

function bestStep(data: Float32Array, most: number): number {
  let largest = 0;
  for (let i = 0; i < data.length; i++) largest = Math.max(largest, Math.abs(data[i]));
  // Of a layer that is all zero any step will do.
  if (largest === 0) return 1;
  const stride = Math.ceil(data.length / SAMPLE);
  const errorOf = (step: number) => {
    let error = 0;
    for (let i = 0; i < data.length; i += stride) error += (multiple(data[i], step, most) * step - data[i]) ** 2;
    return error;
  };
  const steps = Array.from({ length: CANDIDATES }, (_, i) => (largest / most) * SHRINK ** i);
  const errors = steps.map(errorOf);
  return steps[errors.indexOf(Math.min(...errors))];
}
