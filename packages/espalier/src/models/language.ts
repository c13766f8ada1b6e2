import { tokenDense } from "../onnx/build/attention.ts";
import { chain } from "../onnx/build/branches.ts";
import { glorot } from "../onnx/build/initializers.ts";
import { dropout } from "../onnx/build/layers.ts";
import { embedding, type RecurrentOp, recurrent } from "../onnx/build/recurrent.ts";
import { sequential } from "../onnx/build/sequential.ts";
import type { Model } from "../onnx/graph.ts";
import type { NetworkOptions } from "./network.ts";

/** Steps that the network is built with; it takes sequences of any length. */
const STEPS = 64;
const DEPTH = 2;

/** How large a network for text is. */
export interface LanguageSize {
  /** Numbers that stand for a token. */
  readonly embedding: number;
  /** Units of a layer. */
  readonly hidden: number;
  /** Part of the units to drop between the layers and behind them: a larger network learns more by heart. */
  readonly dropout: number;
}

export const LANGUAGE_SIZES = {
  256: { embedding: 64, hidden: 256, dropout: 0.1 },
  512: { embedding: 128, hidden: 512, dropout: 0.25 },
} as const satisfies Record<number, LanguageSize>;

/**
 * A network that gives scores to the token that follows each token of a sequence: tokens int64 [batch, steps] ->
 * logits [batch, steps, classes]. An embedding, two recurrent layers with dropout between and behind, a fully connected
 * layer; with LSTM, 65 tokens and 256 units 876,929 parameters, with 512 3,457,729.
 */
export function languageNetwork(
  op: RecurrentOp,
  { embedding: numbers, hidden, dropout: ratio }: LanguageSize,
  { seed, classes = 65, width = 1, initializer = glorot }: NetworkOptions,
): Model {
  const scale = (units: number) => Math.max(1, Math.round(units * width));
  const layers = [
    embedding(classes, scale(numbers)),
    chain(recurrent(op, scale(hidden), DEPTH, { between: dropout(ratio) }), dropout(ratio)),
    tokenDense(classes, { name: "out" }),
  ];
  const model = sequential(layers, { name: op.toLowerCase(), input: [STEPS], dtype: "int64", seed, initializer });
  model.inputs = [{ ...model.inputs[0], shape: ["batch", "steps"] }];
  model.outputs = [{ ...model.outputs[0], shape: ["batch", "steps", classes] }];
  return model;
}
