import { followsItself, type Settled, settle } from "../../coding/settle.ts";
import type { NumericType } from "../../onnx/dtype.ts";
import type { FloatTensor } from "../../onnx/tensor.ts";
import type { Parameters } from "../../training/parameters.ts";
import { type ScaledTensor, scaledBytes, writtenOut } from "./scaled.ts";

/** A tensor that rounding made small in either way. */
export type Rounded = ScaledTensor | Settled;

/** A network's rounded tensors by the name of their parameter. */
export type Scaling = ReadonlyMap<string, Rounded>;

/** Returns true for whole numbers times scales. */
export function isScaled(rounded: Rounded): rounded is ScaledTensor {
  return "codes" in rounded;
}

/** The parameters that rounded tensors are. */
export function scaledParameters(scaling: Scaling): Parameters {
  return new Map(
    Array.from(scaling, ([name, rounded]) => [name, isScaled(rounded) ? writtenOut(rounded) : rounded.tensor]),
  );
}

/** About what a rounded tensor takes in a file. */
export function bytesIn(rounded: Rounded): number {
  return isScaled(rounded) ? scaledBytes(rounded) : rounded.bytes;
}

/** About what rounded tensors take in a file. */
export function bytesOf(scaling: Scaling): number {
  return [...scaling.values()].reduce((sum, rounded) => sum + bytesIn(rounded), 0);
}

/** The part of all numbers that are not zero. */
export function densityOf(scaling: Scaling): number {
  let [kept, all] = [0, 0];
  for (const rounded of scaling.values()) {
    const numbers = isScaled(rounded) ? rounded.codes : rounded.tensor.data;
    for (const number of numbers) if (number !== 0) kept++;
    all += numbers.length;
  }
  return kept / Math.max(1, all);
}

/**
 * A tensor whose elements follow from others in it, such as a Fourier basis, as what is expected of them, where that is
 * smaller than whole numbers: within half a step of each, as rounding would be, or nearer, as errors spoil what is
 * expected behind them.
 * @param dtype the type in which it is written
 */
export function orSettled(tensor: FloatTensor, scaled: ScaledTensor, dtype: NumericType): Rounded {
  // What a reader expects are words of 32 bits.
  if (dtype !== "float32" || !followsItself(tensor)) return scaled;
  const { scales, inner } = scaled;
  const within = (part: number) =>
    settle(tensor, (element) => part * scales[Math.floor(element / inner) % scales.length]);
  const best = PARTS.map(within).reduce((a, b) => (b.bytes < a.bytes ? b : a));
  return best.bytes < scaledBytes(scaled) ? best : scaled;
}

/** The parts of a step that are tried. */
const PARTS = [1 / 2, 1 / 8, 1 / 32, 1 / 128, 1 / 512];
