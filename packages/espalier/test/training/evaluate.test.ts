import { describe, expect, it } from "vitest";
import type { Arrays, Dataset } from "../../src/data/dataset.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { emptyModel, type Model } from "../../src/onnx/graph.ts";
import { Evaluator } from "../../src/training/evaluate.ts";
import { blobNet, blobs } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });

/** A network that gives its input back, so that samples are their own scores. */
function mirror(classes: number): Model {
  const model = emptyModel("mirror");
  model.inputs.push({ name: "x", dtype: "float32", shape: ["batch", classes] });
  model.outputs.push({ name: "y", dtype: "float32", shape: ["batch", classes] });
  model.nodes.push({ name: "n", op: "Identity", domain: "", inputs: ["x"], outputs: ["y"], attributes: {} });
  return model;
}

function scored(rows: number[][], labels: number[]): Dataset {
  const split = {
    size: rows.length,
    read(indices: ArrayLike<number>, { x, y }: Arrays) {
      for (let i = 0; i < indices.length; i++) {
        (x as Float32Array).set(rows[indices[i]], i * rows[0].length);
        y[i] = labels[indices[i]];
      }
    },
  };
  return {
    name: "scores",
    inputs: [{ name: "x", dtype: "float32", shape: [rows[0].length] }],
    targets: [{ name: "y", dtype: "int32", shape: [] }],
    classes: rows[0].length,
    train: split,
    validation: split,
    test: split,
  };
}

describe("Evaluator", () => {
  it("counts the first and the first five, and the mean cross-entropy", async () => {
    const rows = [
      [9, 0, 0, 0, 0, 0, 0],
      [6, 5, 4, 3, 2, 1, 0],
      [6, 5, 4, 3, 2, 1, 0],
    ];
    const labels = [0, 4, 5];
    const data = scored(rows, labels);
    const evaluator = await Evaluator.create(engine, mirror(7), data, [], { batch: 2 });
    const result = await evaluator.evaluate(data.test);
    await evaluator.release();
    const entropy = rows.map((z, i) => Math.log(z.reduce((sum, value) => sum + Math.exp(value), 0)) - z[labels[i]]);
    expect(result.samples).toBe(3);
    expect(result.figures.top1).toBeCloseTo(100 / 3, 10);
    expect(result.figures.top5).toBeCloseTo(200 / 3, 10);
    expect(result.value).toBeCloseTo(200 / 3, 10);
    expect(result.loss).toBeCloseTo(entropy.reduce((a, b) => a + b) / 3, 6);
  });

  it("never counts a network whose scores are equal or no numbers as right more often than chance", async () => {
    const data = scored(
      [
        [0, 0],
        [0, 0],
        [Number.NaN, 0],
        [0, Number.NaN],
      ],
      [0, 1, 0, 1],
    );
    const evaluator = await Evaluator.create(engine, mirror(2), data);
    expect((await evaluator.evaluate(data.test)).figures.top1).toBe(25);
    await evaluator.release();
  });

  it("refuses data that does not fit", async () => {
    const data = blobs();
    await expect(Evaluator.create(engine, mirror(16), { ...data, classes: 20 })).rejects.toThrow(
      /20 classes.*16 scores/,
    );
    await expect(
      Evaluator.create(engine, blobNet(), { ...data, inputs: [{ ...data.inputs[0], shape: [3, 3] }] }),
    ).rejects.toThrow(/\[3,3\].*takes \[1,4,4\]/);
  });
});
