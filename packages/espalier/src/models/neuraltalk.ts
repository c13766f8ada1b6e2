import { UserError } from "../errors.ts";
import { int } from "../onnx/attributes.ts";
import { tokenDense } from "../onnx/build/attention.ts";
import { chain, naming } from "../onnx/build/branches.ts";
import { he } from "../onnx/build/initializers.ts";
import { conv2d, dense, dropout, flatten, type LayerBuilder, relu } from "../onnx/build/layers.ts";
import { embedding, recurrent } from "../onnx/build/recurrent.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { emptyModel, type Model } from "../onnx/graph.ts";
import type { NetworkOptions } from "./network.ts";

/** Units of the LSTM, and numbers by which pictures and words enter it. */
const UNITS = 512;
const DROPOUT = 0.2;
/** Words that the network is built with; it takes any number. */
const WORDS = 12;

/**
 * NeuralTalk (Karpathy and Fei-Fei, CVPR 2015; https://github.com/karpathy/neuraltalk): an LSTM of 512 units that sees a
 * picture in its first step and then the words of its caption so far, and gives scores to the word that follows each:
 * image float32 [batch, ...], words int64 [batch, words] -> logits [batch, 1 + words, classes].
 *
 * Wi embeds the picture, We the words, Wd makes scores of the LSTM's state. The picture is a vector of features, as in
 * NeuralTalk, or else a small picture [channels, height, width] before which three convolutions stand.
 */
export function neuraltalk({
  seed,
  classes = 23,
  input = [3, 32, 32],
  width = 1,
  initializer = he,
}: NetworkOptions): Model {
  const scale = (units: number) => Math.max(1, Math.round(units * width));
  const units = scale(UNITS);
  const model = emptyModel("neuraltalk");
  const graph = new GraphBuilder(model);
  const context = { graph, seed, initializer, name: naming() };
  model.inputs.push(
    { name: graph.fresh("image"), dtype: "float32", shape: ["batch", ...input] },
    { name: graph.fresh("words"), dtype: "int64", shape: ["batch", "words"] },
  );
  const seen = chain(...features(input, scale), dense(units, { name: "Wi" }))(
    { value: "image", shape: input },
    context,
  );
  const read = embedding(classes, units, { name: "We" })({ value: "words", shape: [WORDS] }, context);
  const first = graph.emit("Unsqueeze", [seen.value, graph.ints([1])]);
  const steps = graph.emit("Concat", [first, read.value], { axis: int(1) });
  const { value } = chain(
    dropout(DROPOUT),
    recurrent("LSTM", units, 1),
    dropout(DROPOUT),
    tokenDense(classes, { name: "Wd" }),
  )({ value: steps, shape: [1 + WORDS, units] }, context);
  graph.emit("Identity", [value], {}, "logits");
  model.outputs.push({ name: "logits", dtype: "float32", shape: ["batch", null, classes] });
  return model;
}

/** What makes a vector of a picture; nothing where it is one. */
function features(input: readonly number[], scale: (units: number) => number): LayerBuilder[] {
  if (input.length === 1) return [];
  if (input.length !== 3) {
    throw new UserError(`NeuralTalk's picture is [${input}]: give [features] or [channels, height, width].`);
  }
  const halving = (channels: number) => chain(conv2d(scale(channels), 3, { stride: 2, pad: 1 }), relu());
  return [halving(32), halving(64), halving(64), flatten()];
}
