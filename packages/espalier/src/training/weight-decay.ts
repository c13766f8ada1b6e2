import type { Model } from "../onnx/graph.ts";
import { layersOf } from "../operators/layers.ts";
import type { Regularization } from "./step-graph.ts";

/** Regularization of the weights of all layers; biases are left alone. */
export function weightDecay(model: Model, regularization: Regularization): Map<string, Regularization> {
  return new Map(layersOf(model).map(({ weight }) => [weight, regularization]));
}
