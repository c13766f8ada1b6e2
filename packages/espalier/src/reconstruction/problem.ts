import type { Engine } from "../engine/engine.ts";
import { type FloatTensor, float32, isFloat32 } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";
import type { Layer } from "../operators/layers.ts";
import type { Parameters } from "../training/parameters.ts";
import { LeastSquares, type Shape } from "./least-squares.ts";
import { linearLayer } from "./linear.ts";
import { type Inputs, momentsOf, withBias, withoutBias } from "./moments.ts";

/** A layer whose weights are looked for by least squares, as matrices with the bias as their last column. */
export interface Problem {
  readonly shape: Shape;
  /** Columns at the end of each row that are not connections: the bias. */
  readonly fixed: number;
  /** The layer's weights as they came. */
  readonly whole: Float32Array;
  readonly squares: LeastSquares;
  /** The parameters that such matrices are. */
  parameters(matrices: Float32Array): Parameters;
}

/**
 * Brings a layer into that form; its `squares` are to be released.
 * @param annotated the layer's network
 * @param batches what the layer reads
 * @returns undefined for a layer that is not a product of matrices, or too wide
 */
export async function problemOf(
  engine: Engine,
  annotated: TypedModel,
  layer: Layer,
  batches: readonly Inputs[],
): Promise<Problem | undefined> {
  const linear = linearLayer(annotated, layer);
  if (!linear) return undefined;
  const moments = await momentsOf(engine, annotated, linear, batches);
  const bias = annotated.initializers.get(linear.bias ?? "");
  const whole = withBias(linear, linear.matrices(layer.tensor), isFloat32(bias) ? bias.data : undefined);
  const shape: Shape = { groups: linear.groups, rows: linear.rows, columns: moments.columns };
  return {
    shape,
    fixed: linear.bias ? 1 : 0,
    whole,
    squares: await LeastSquares.create(engine, shape, moments, whole),
    parameters(matrices) {
      const { weights, biases } = withoutBias(linear, matrices);
      const parameters = new Map<string, FloatTensor>([[layer.weight, linear.weights(weights)]]);
      // Where it is added behind, a bias has axes of its own.
      if (linear.bias && isFloat32(bias) && biases) parameters.set(linear.bias, float32(bias.dims, biases));
      return parameters;
    },
  };
}
