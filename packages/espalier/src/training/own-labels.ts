import { arraySplit } from "../data/array-split.ts";
import type { Dataset, Split } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { sizeOf } from "../onnx/tensor.ts";
import { Evaluator } from "./evaluate.ts";

/**
 * The same samples, labelled by the class that a network itself finds the likeliest: what versions of it are to keep to
 * where nobody has labelled them. The error on them is then the part of the samples that get another class.
 */
export async function ownLabels(engine: Engine, model: Model, data: Dataset): Promise<Dataset> {
  const evaluator = await Evaluator.create(engine, model, data);
  try {
    const labelled = async (split: Split) => withLabels(split, await firstClasses(evaluator, split));
    return {
      ...data,
      targets: [LABEL],
      classes: sizeOf(model.outputs[0].shape?.slice(1).map(Number) ?? []),
      train: await labelled(data.train),
      validation: await labelled(data.validation),
      test: await labelled(data.test),
    };
  } finally {
    await evaluator.release();
  }
}

/** The name of a sample's own class is that of no input. */
const LABEL = { name: "own class", dtype: "int32", shape: [] } as const;

async function firstClasses(evaluator: Evaluator, split: Split): Promise<Int32Array> {
  const found: number[] = [];
  for await (const { outputs, samples } of evaluator.outputs(split)) {
    const [{ data, dims }] = outputs;
    const classes = data.length / dims[0];
    for (let i = 0; i < samples; i++) {
      const own = Array.from<number | bigint, number>(data.subarray(i * classes, (i + 1) * classes), Number);
      found.push(own.indexOf(Math.max(...own)));
    }
  }
  return Int32Array.from(found);
}

function withLabels(split: Split, labels: Int32Array): Split {
  const own = arraySplit({ [LABEL.name]: { values: labels, size: 1 } }, 0, labels.length);
  return {
    ...split,
    async read(indices, into) {
      await own.read(indices, into);
      await split.read(indices, into);
    },
  };
}
