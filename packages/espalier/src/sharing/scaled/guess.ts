import type { Model } from "../../onnx/graph.ts";
import { type FloatTensor, isFloat32 } from "../../onnx/tensor.ts";
import { trainableParameters } from "../../training/parameters.ts";
import { axisOf, type Plain } from "./looks.ts";
import { scaledPlain } from "./scale-plain.ts";
import { type Axis, MOST_CODE, type ScaledTensor, scaleFor } from "./scaled.ts";

/**
 * Rounds a network's weights without having seen any input: as if an error counted as much as the part that it is of
 * its row's own squares. That is a guess: what a row reads and what it does to the outputs is not known.
 * @param lambda what one bit more for every weight may cost, as a part of the rows' squares
 */
export function guessed(model: Model, lambda: number): ReadonlyMap<string, ScaledTensor> {
  return new Map(
    eachTensor(model, (tensor, plain) => scaledPlain(tensor, plain, (lambda * plain.axis.scales) / tensor.data.length)),
  );
}

/**
 * Rounds a network's weights to codes of so many bits: with the scale of least squared error for each row of weights, as
 * fine as codes allow. Biases and other rows of numbers have twice as many bits, as each counts for many weights.
 */
export function inBits(model: Model, bitsOf: (name: string) => number | undefined): ReadonlyMap<string, ScaledTensor> {
  return new Map(
    eachTensor(model, (tensor, { name, axis }) => {
      const bits = bitsOf(name);
      if (bits === undefined) return undefined;
      const most = axis.scales === 1 && isLine(tensor) ? 2 ** Math.min(11, 2 * bits - 1) - 1 : 2 ** (bits - 1) - 1;
      return roundedTo(tensor, axis, Math.max(1, Math.min(MOST_CODE, most)));
    }),
  );
}

const isLine = ({ dims }: FloatTensor) => dims.filter((size) => size > 1).length < 2;

function eachTensor(
  model: Model,
  scaled: (tensor: FloatTensor, plain: Plain) => ScaledTensor | undefined,
): [string, ScaledTensor][] {
  return trainableParameters(model).flatMap((name) => {
    const tensor = model.initializers.get(name);
    if (!isFloat32(tensor)) return [];
    const axis = axisOf(model, name);
    const found = scaled(tensor, {
      name,
      axis,
      squares: energies(tensor, axis).map((energy) => 1 / Math.max(energy, LEAST)),
    });
    return found ? [[name, found]] : [];
  });
}

const LEAST = 1e-30;

/** The sum of squares of each row. */
function energies({ data }: FloatTensor, { scales, inner }: Axis): Float32Array {
  const sums = new Float32Array(scales);
  for (let i = 0; i < data.length; i++) sums[Math.floor(i / inner) % scales] += data[i] ** 2;
  return sums;
}

/** Parts of the largest weight that scales are tried for: what lies beyond is cut off. */
const REACHES = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4];

function roundedTo({ dims, data }: FloatTensor, { scales: count, inner }: Axis, most: number): ScaledTensor {
  const rowOf = (i: number) => Math.floor(i / inner) % count;
  const largest = new Float32Array(count);
  for (let i = 0; i < data.length; i++) largest[rowOf(i)] = Math.max(largest[rowOf(i)], Math.abs(data[i]));
  const scales = new Float32Array(count);
  const least = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  for (const reach of REACHES) {
    const tried = largest.map((max) => scaleFor(Math.max((max * reach) / most, LEAST)));
    const errors = new Float64Array(count);
    for (let i = 0; i < data.length; i++) {
      const row = rowOf(i);
      errors[row] += (data[i] - tried[row] * codeOf(data[i], tried[row], most)) ** 2;
    }
    for (let row = 0; row < count; row++)
      if (errors[row] < least[row]) [least[row], scales[row]] = [errors[row], tried[row]];
  }
  const codes = Int16Array.from(data, (w, i) => codeOf(w, scales[rowOf(i)], most));
  return { dims, inner, scales, codes };
}

const codeOf = (w: number, scale: number, most: number) => Math.max(-most, Math.min(most, Math.round(w / scale)));
