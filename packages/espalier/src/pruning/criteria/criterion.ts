import type { FloatTensor } from "../../onnx/tensor.ts";
import type { Random } from "../../random.ts";
import type { Evidence, Need } from "../../training/evidence.ts";

/** A way to tell which connections matter: those with the highest scores are kept. */
export interface Criterion {
  /** What it needs to know beside the weights. */
  readonly needs?: Need;
  /** Where it was published. */
  readonly source: string;
  /** A score from 0 for each weight of a layer. */
  score(weights: FloatTensor, context: ScoreContext): Float32Array;
}

/** What a criterion is told of a layer beside its weights. */
export interface ScoreContext {
  /** Random numbers of the layer's own. */
  readonly random: Random;
  /** Evidence about this layer's weights, each in their shape. */
  evidence(kind: keyof Evidence): Float32Array;
}
