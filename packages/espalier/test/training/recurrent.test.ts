import { describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { webEngine } from "../../src/engine/web.ts";
import { type Attributes, int, ints, string } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, type Model } from "../../src/onnx/graph.ts";
import { float32, sizeOf } from "../../src/onnx/tensor.ts";
import { random } from "../../src/random.ts";
import { Trainer } from "../../src/training/trainer.ts";
import { blobs, readBatch } from "../blobs.ts";

const BATCH = 8;
const UNITS = 3;

/** Reads the rows of a blob as a sequence: a GRU, an RNN, and an LSTM in both directions, whose last state is classified. */
function recurrentNet(): Model {
  const model = emptyModel("recurrent");
  model.inputs.push({ name: "input", dtype: "float32", shape: ["batch", 1, 4, 4] });
  const graph = new GraphBuilder(model);
  const stream = random(3, "recurrent net");
  const weight = (name: string, dims: number[]) => {
    const data = Float32Array.from({ length: sizeOf(dims) }, () => 1.6 * stream.uniform() - 0.8);
    return graph.initializer(name, float32(dims, data));
  };
  const layer = (op: string, x: string, features: number, rows: number, directions: number, more: Attributes = {}) => {
    const w = weight(`${op}/w`, [directions, rows * UNITS, features]);
    const r = weight(`${op}/r`, [directions, rows * UNITS, UNITS]);
    const b = weight(`${op}/b`, [directions, 2 * rows * UNITS]);
    return graph.emitMany(op, [x, w, r, b], { hidden_size: int(UNITS), ...more }, 2);
  };
  const merged = (y: string) => graph.emit("Squeeze", [y, graph.ints([1])]);
  const rows = graph.emit("Reshape", ["input", graph.ints([-1, 4, 4])]);
  const steps = graph.emit("Transpose", [rows], { perm: ints([1, 0, 2]) });
  const [first] = layer("GRU", steps, 4, 3, 1, { linear_before_reset: int(1) });
  const [second] = layer("RNN", merged(first), UNITS, 1, 1);
  const [, last] = layer("LSTM", merged(second), UNITS, 4, 2, { direction: string("bidirectional") });
  const states = graph.emit("Transpose", [last], { perm: ints([1, 0, 2]) });
  const flat = graph.emit("Reshape", [states, graph.ints([-1, 2 * UNITS])]);
  graph.emit("Gemm", [flat, weight("fc", [2 * UNITS, 4])], {}, "logits");
  model.outputs.push({ name: "logits", dtype: "float32", shape: ["batch", 4] });
  return model;
}

/** The losses of some steps and the state behind them. */
async function trained(engine: Engine, stepsPerRun: number, count = 48) {
  const trainer = await Trainer.create(engine, recurrentNet(), {
    batch: BATCH,
    seed: 1,
    optimizer: { name: "adam" },
    stepsPerRun,
  });
  const data = blobs();
  const losses: number[] = [];
  while (losses.length < count) {
    for (let i = 0; i < stepsPerRun; i++) {
      const from = (losses.length + i) * BATCH;
      await readBatch(
        trainer,
        i,
        data,
        Array.from({ length: BATCH }, (_, j) => from + j),
      );
    }
    losses.push(...(await trainer.run(Array.from({ length: stepsPerRun }, () => 0.03))));
  }
  const state = await trainer.state();
  await trainer.release();
  return { losses, state };
}

describe("a recurrent network in training", () => {
  it("learns, the same in one step a run as in several: a Scan within a Scan", async () => {
    const engine = nodeEngine({ threads: 1 });
    const [single, several] = [await trained(engine, 1), await trained(engine, 16)];
    expect(single.losses[47]).toBeLessThan(single.losses[0] / 2);
    expect(several).toEqual(single);
  });

  it("learns the same in the browser's runtime", async () => {
    const native = await trained(nodeEngine({ threads: 1 }), 16, 16);
    const web = await trained(await webEngine({ threads: 1 }), 16, 16);
    for (const [i, loss] of native.losses.entries()) expect(web.losses[i]).toBeCloseTo(loss, 3);
  });
});
