import type { Engine } from "../../engine/engine.ts";
import type { TypedModel } from "../../onnx/typed.ts";
import type { Layer } from "../../operators/layers.ts";
import type { Inputs } from "../../reconstruction/moments.ts";
import { problemOf } from "../../reconstruction/problem.ts";
import type { Parameters } from "../../training/parameters.ts";
import { countNonzero } from "../mask.ts";
import { type Cut, cutTo } from "./cut.ts";

/** A layer's parameters after a cut. */
export interface Fitted extends Pick<Cut, "kept"> {
  readonly parameters: Parameters;
  /** The square of its outputs' error, as a part of their own square. */
  readonly error: number;
}

/**
 * Cuts a layer to numbers of connections that fall, and fits what is left, its bias too, to the outputs of the whole
 * network's layer.
 * @param annotated the layer's network
 * @param batches what the layer reads
 * @yields its parameters at each of the numbers; nothing for a layer that is not a product of matrices
 */
export async function* fitLayer(
  engine: Engine,
  annotated: TypedModel,
  layer: Layer,
  batches: readonly Inputs[],
  numbers: readonly number[],
): AsyncGenerator<Fitted> {
  const problem = await problemOf(engine, annotated, layer, batches);
  if (!problem) return;
  const { squares, whole } = problem;
  try {
    for await (const { kept, weights } of cutTo(numbers, squares, problem.shape, whole, problem.fixed)) {
      yield { kept, parameters: problem.parameters(weights), error: await squares.error(weights, whole) };
    }
  } finally {
    await squares.release();
  }
}

/** How many connections a layer has that are not cut. */
export const liveIn = ({ tensor }: Layer): number => countNonzero(tensor);
