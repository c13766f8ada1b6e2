import type { FloatTensor } from "../../onnx/tensor.ts";
import type { Random } from "../../random.ts";
import type { Parameters } from "../../training/parameters.ts";

/** What a criterion may ask about the loss at the weights that are to be pruned, by parameter. */
export interface Evidence {
  /** The mean gradient, E[g]. */
  readonly gradient: Parameters;
  /** The mean square of the batches' gradients, E[g^2]. */
  readonly square: Parameters;
  /** The diagonal of the Hessian, estimated. */
  readonly curvature: Parameters;
  /** -sum of w g over steps of training: above zero where weights move away from zero. */
  readonly movement: Parameters;
}

/** What a criterion needs beside the weights: gradients at them, gradients around them, or steps of training from them. */
export type Need = "gradients" | "curvature" | "movement";

/** A way to tell which connections matter: those with the highest scores are kept. */
export interface Criterion {
  /** What it needs to know beside the weights. */
  readonly needs?: Need;
  /** Where it was published. */
  readonly source: string;
  /** A score from 0 for each weight of a layer. */
  score(weights: FloatTensor, context: ScoreContext): Float32Array;
}

export interface ScoreContext {
  /** Random numbers of the layer's own. */
  readonly random: Random;
  /** Evidence about this layer's weights, each in their shape. */
  evidence(kind: keyof Evidence): Float32Array;
}
