import { type LearningData, readInOrder } from "../data/dataset.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine } from "../engine/engine.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import { float32, sizeOf } from "../onnx/tensor.ts";

/** What a teacher says of the training samples: a row of probabilities for each. */
export interface Teacher {
  readonly classes: number;
  /** [samples, classes] */
  readonly probabilities: Float32Array;
}

const BATCH = 250;

/** Asks a network for its answers to all training samples once: softmax(z / T). */
export async function teach(engine: Engine, model: Model, data: LearningData, temperature: number): Promise<Teacher> {
  const { classes, train } = data;
  const annotated = await annotate(engine, model, { batch: BATCH });
  const [input] = fedInputs(annotated);
  const output = annotated.outputs[0].name;
  const samples = float32((input.shape ?? []).map(Number));
  const labels = new Int32Array(BATCH);
  const probabilities = new Float32Array(train.size * classes);
  const program = await engine.compile(annotated);
  try {
    for (let start = 0; start < train.size; start += BATCH) {
      const count = Math.min(BATCH, train.size - start);
      readInOrder(train, start, count, samples.data, labels);
      const { dims, data: logits } = (await program.run({ [input.name]: samples }))[output];
      const width = sizeOf(dims.slice(1));
      for (let i = 0; i < count; i++) {
        const row = Float64Array.from({ length: width }, (_, c) => Number(logits[i * width + c]) / temperature);
        probabilities.set(softmax(row), (start + i) * classes);
      }
    }
  } finally {
    await program.release();
  }
  return { classes, probabilities };
}

function softmax(logits: Float64Array): Float64Array {
  const largest = Math.max(...logits);
  const powers = logits.map((z) => Math.exp(z - largest));
  const sum = powers.reduce((total, p) => total + p, 0);
  return powers.map((p) => p / sum);
}
