import { tokenDense } from "../onnx/attention.ts";
import { chain } from "../onnx/branches.ts";
import type { Model } from "../onnx/graph.ts";
import { glorot } from "../onnx/initializers.ts";
import { dropout } from "../onnx/layers.ts";
import { embedding, type RecurrentOp, recurrent } from "../onnx/recurrent-layers.ts";
import { sequential } from "../onnx/sequential.ts";
import type { NetworkOptions } from "./network.ts";

/** Steps that the network is built with; it takes sequences of any length. */
const STEPS = 64;
const EMBEDDING = 64;
const HIDDEN = 256;
const DEPTH = 2;
const DROPOUT = 0.1;

/**
 * A network that gives scores to the token that follows each token of a sequence: tokens int64 [batch, steps] ->
 * logits [batch, steps, classes]. An embedding of 64 numbers, two recurrent layers of 256 units with dropout between and
 * behind, a fully connected layer; 872,897 parameters with LSTM and 65 tokens.
 */
export function languageNetwork(
  op: RecurrentOp,
  { seed, classes = 65, width = 1, initializer = glorot }: NetworkOptions,
): Model {
  const scale = (units: number) => Math.max(1, Math.round(units * width));
  const layers = [
    embedding(classes, scale(EMBEDDING)),
    chain(recurrent(op, scale(HIDDEN), DEPTH, { between: dropout(DROPOUT) }), dropout(DROPOUT)),
    tokenDense(classes, { name: "out" }),
  ];
  const model = sequential(layers, { name: op.toLowerCase(), input: [STEPS], dtype: "int64", seed, initializer });
  model.inputs = [{ ...model.inputs[0], shape: ["batch", "steps"] }];
  model.outputs = [{ ...model.outputs[0], shape: ["batch", "steps", classes] }];
  return model;
}
