import type { Engine } from "../../engine/engine.ts";
import { lookup, type Model } from "../../onnx/graph.ts";
import { type FloatTensor, isFloat32 } from "../../onnx/tensor.ts";
import type { Layer } from "../../training/layers.ts";
import type { Parameters } from "../../training/parameters.ts";
import { countNonzero } from "../mask.ts";
import { type Cut, cutTo } from "./cut.ts";
import { LeastSquares, type Shape } from "./fit.ts";
import { type LinearLayer, linearLayer } from "./linear.ts";
import { type Inputs, momentsOf, withBias, withoutBias } from "./moments.ts";

/** A layer's parameters after a cut. */
export interface Fitted extends Pick<Cut, "kept"> {
  readonly parameters: Parameters;
  /** The square of its outputs' error, as a part of their own square. */
  readonly error: number;
}

/**
 * Cuts a layer to numbers of connections that fall, and fits what is left, its bias too, to the outputs of the whole
 * network's layer.
 * @param annotated the network, with concrete shapes
 * @param batches what the layer reads
 * @yields its parameters at each of the numbers; nothing for a layer that is no product of matrices
 */
export async function* fitLayer(
  engine: Engine,
  annotated: Model,
  layer: Layer,
  batches: readonly Inputs[],
  numbers: readonly number[],
): AsyncGenerator<Fitted> {
  const known = lookup(annotated);
  const linear = linearLayer(annotated, layer, (value) => known.type(value).dims);
  if (!linear) return;
  const moments = await momentsOf(engine, annotated, linear, batches);
  const bias = annotated.initializers.get(linear.bias ?? "");
  const whole = withBias(linear, linear.matrices(layer.tensor), isFloat32(bias) ? bias.data : undefined);
  const shape: Shape = { groups: linear.groups, rows: linear.rows, columns: moments.columns };
  const squares = await LeastSquares.create(engine, shape, moments, whole);
  try {
    for await (const { kept, weights } of cutTo(numbers, squares, shape, whole, linear.bias ? 1 : 0)) {
      yield { kept, parameters: parametersOf(linear, weights), error: await squares.error(weights, whole) };
    }
  } finally {
    await squares.release();
  }
}

/** How many connections a layer has that are not cut. */
export const liveIn = ({ tensor }: Layer): number => countNonzero(tensor);

function parametersOf(linear: LinearLayer, joined: Float32Array): Parameters {
  const { weights, biases } = withoutBias(linear, joined);
  const parameters = new Map<string, FloatTensor>([[linear.layer.weight, linear.weights(weights)]]);
  if (linear.bias && biases) parameters.set(linear.bias, biases);
  return parameters;
}
