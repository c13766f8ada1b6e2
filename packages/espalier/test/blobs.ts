import { batchOf, type Dataset, type LearningData, type Split } from "../src/data/dataset.ts";
import { routed } from "../src/data/routes.ts";
import type { Engine } from "../src/engine/engine.ts";
import { int, ints } from "../src/onnx/attributes.ts";
import { he } from "../src/onnx/build/initializers.ts";
import { dense, dropout, flatten, relu } from "../src/onnx/build/layers.ts";
import { sequential } from "../src/onnx/build/sequential.ts";
import { GraphBuilder } from "../src/onnx/builder.ts";
import { emptyModel, type Model } from "../src/onnx/graph.ts";
import { float32 } from "../src/onnx/tensor.ts";
import { runRounds } from "../src/pruning/rounds.ts";
import { random } from "../src/random.ts";
import { routesFor } from "../src/training/feeding.ts";
import { withParameters } from "../src/training/parameters.ts";
import type { Trainer } from "../src/training/trainer.ts";

/** A small task that a small network learns in a second: four noisy patterns of 4 x 4. */
export function blobs(sizes = { train: 400, validation: 100, test: 100 }): Dataset {
  const patterns = Array.from({ length: 4 }, (_, k) => {
    const { normal } = random(k, "pattern");
    return Float32Array.from({ length: 16 }, normal);
  });
  const split = (name: string, size: number): Split => ({
    size,
    read(indices, { image, label: labels }) {
      for (let i = 0; i < indices.length; i++) {
        const { normal } = random(indices[i], "blobs", name);
        const label = indices[i] % 4;
        if (labels) labels[i] = label;
        if (image) for (let j = 0; j < 16; j++) image[i * 16 + j] = patterns[label][j] + 0.8 * normal();
      }
    },
  });
  return {
    name: "blobs",
    inputs: [{ name: "image", dtype: "float32", shape: [1, 4, 4] }],
    targets: [{ name: "label", dtype: "int32", shape: [] }],
    classes: 4,
    train: split("train", sizes.train),
    validation: split("validation", sizes.validation),
    test: split("test", sizes.test),
  };
}

/** The same samples, all with one label. */
export function relabelled(data: Dataset, label: number): Dataset {
  const other = (split: Split): Split => ({
    size: split.size,
    async read(indices, into) {
      await split.read(indices, into);
      if (into.label instanceof Int32Array) into.label.fill(label);
    },
  });
  const { train, validation, test } = data;
  return { ...data, train: other(train), validation: other(validation), test: other(test) };
}

/** Reads training samples into one of a trainer's next steps. */
export async function readBatch(
  trainer: Trainer,
  step: number,
  data: LearningData,
  indices: ArrayLike<number>,
): Promise<void> {
  await routed(data.train, routesFor(trainer.feed, data)).read(indices, trainer.batchOf(step));
}

/** Samples of a split with one input of float32, and their labels where there are any. */
export async function readSamples({ inputs, targets }: LearningData, split: Split, indices: ArrayLike<number>) {
  const { arrays } = batchOf([...inputs, ...targets], indices.length);
  await split.read(indices, arrays);
  const [[input], [target]] = [inputs, targets];
  const labels = target ? Int32Array.from<number | bigint>(arrays[target.name], Number) : new Int32Array();
  return { inputs: Float32Array.from<number | bigint>(arrays[input.name], Number), labels };
}

/** A network for it: 16-12-4, with dropout where a ratio is given. */
export function blobNet(seed = 1, ratio = 0): Model {
  const middle = ratio > 0 ? [dropout(ratio)] : [];
  return sequential([flatten(), dense(12), relu(), ...middle, dense(4)], { name: "blob-net", input: [1, 4, 4], seed });
}

/** A convolutional network for it, each of whose two hidden layers is normalized by the batch's statistics. */
export function normNet(seed = 1): Model {
  const model = emptyModel("norm-net");
  model.inputs.push({ name: "input", dtype: "float32", shape: ["batch", 1, 4, 4] });
  const graph = new GraphBuilder(model);
  const normalized = (name: string, value: string, channels: number) => {
    const filled = (kind: string, number: number) =>
      graph.initializer(`${name}.${kind}`, float32([channels], new Float32Array(channels).fill(number)));
    const own = [filled("scale", 1), filled("shift", 0), filled("mean", 0), filled("variance", 1)];
    return graph.emit("BatchNormalization", [value, ...own], {}, name);
  };
  const filter = graph.initializer("conv1.weight", he([6, 1, 3, 3], seed, "conv1.weight"));
  const maps = graph.emit("Conv", ["input", filter], { pads: ints([1, 1, 1, 1]) }, "conv1");
  const flat = graph.emit("Flatten", [graph.emit("Relu", [normalized("norm1", maps, 6)])]);
  const hidden = graph.emit(
    "MatMul",
    [flat, graph.initializer("fc1.weight", he([96, 8], seed, "fc1.weight"))],
    {},
    "fc1",
  );
  const units = graph.emit("Relu", [normalized("norm2", hidden, 8)]);
  const last = [
    graph.initializer("fc2.weight", he([4, 8], seed, "fc2.weight")),
    graph.initializer("fc2.bias", float32([4])),
  ];
  graph.emit("Gemm", [units, ...last], { transB: int(1) }, "logits");
  model.outputs.push({ name: "logits", dtype: "float32", shape: ["batch", 4] });
  return model;
}

/** {@link blobNet}, trained on {@link blobs}. */
export async function trainedBlobNet(engine: Engine, data: Dataset): Promise<Model> {
  const model = blobNet();
  const learningRate = { policy: "cosine", rate: 0.02, final: 0.001 } as const;
  const round = { name: "train", epochs: 8, learningRate, optimizer: { name: "adam" } } as const;
  const { best } = await runRounds(engine, model, data, [round], { batch: 20, seed: 1 });
  return withParameters(model, best);
}
