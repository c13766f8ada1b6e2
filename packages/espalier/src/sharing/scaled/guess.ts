import type { Model } from "../../onnx/graph.ts";
import { type FloatTensor, isFloat32 } from "../../onnx/tensor.ts";
import { trainableParameters } from "../../training/parameters.ts";
import { axisOf, type Plain } from "./looks.ts";
import { scaledPlain } from "./scale-plain.ts";
import type { Axis, ScaledTensor } from "./scaled.ts";

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

/** What is made of each parameter by its own weights alone. */
export function eachTensor(
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
