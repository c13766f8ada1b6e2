import { describe, expect, it } from "vitest";
import { adopt } from "../../src/adoption/adopt.ts";
import { carriedStates } from "../../src/adoption/states.ts";
import { arraySplit } from "../../src/data/array-split.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { train } from "../../src/library/train.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, type Model } from "../../src/onnx/graph.ts";
import { float32, floatsOf, isFloat32 } from "../../src/onnx/tensor.ts";
import { random } from "../../src/random.ts";
import { ALL } from "../../src/tasks/imitate.ts";
import { Evaluator } from "../../src/training/evaluate.ts";
import { forgetful, listener, recordings } from "../listener.ts";

const engine = nodeEngine({ threads: 1 });

/** x [n, 2] and state [1, n, 2] -> state' = state / 2 + x, and p [n, 1] = sigmoid(w state'). */
function network(w: readonly number[]): Model {
  const model = emptyModel("leaky");
  model.inputs.push({ name: "x", dtype: "float32", shape: ["batch", 2] });
  model.inputs.push({ name: "state", dtype: "float32", shape: [1, null, 2] });
  const graph = new GraphBuilder(model);
  const half = graph.emit("Mul", ["state", graph.scalar("float32", 0.5)]);
  graph.emit("Add", [half, graph.emit("Unsqueeze", ["x", graph.ints([0])])], {}, "stateN");
  const hidden = graph.emit("Squeeze", ["stateN", graph.ints([0])]);
  const weight = graph.initializer("w", float32([2, 1], Float32Array.from(w)));
  graph.emit("Sigmoid", [graph.emit("MatMul", [hidden, weight])], {}, "p");
  model.outputs = [
    { name: "p", dtype: "float32", shape: ["batch", 1] },
    { name: "stateN", dtype: "float32", shape: [1, null, 2] },
  ];
  return model;
}

/** Recordings of 30, 20 and 10 samples. */
const SIZES = [30, 20, 10];
const STARTS = [0, 30, 50];

function heardAs(name: string) {
  const values = Float32Array.from({ length: 120 }, random(1, name).normal);
  return { values, split: { ...arraySplit({ x: { values, size: 2 } }, 0, 60), stream: { starts: STARTS } } };
}

const heard = heardAs("train");
const data: Dataset = {
  name: "recordings",
  inputs: [{ name: "x", dtype: "float32", shape: [2] }],
  targets: [],
  train: heard.split,
  validation: heardAs("validation").split,
  test: heardAs("test").split,
};

describe("a state", () => {
  it("is what is called one, has an output of its sizes, and no tensor of the data", () => {
    expect(carriedStates(network([1, 1]), data)).toEqual([{ input: "state", output: "stateN" }]);
    const both = { inputs: [...data.inputs, { name: "state", dtype: "float32", shape: [2] } as const] };
    expect(carriedStates(network([1, 1]), both)).toEqual([]);
    const other = network([1, 1]);
    other.inputs[1] = { ...other.inputs[1], name: "y" };
    expect(carriedStates(other, data)).toEqual([]);
  });

  it("goes through each recording, from zero on", async () => {
    const { model, notes } = await adopt(engine, network([1, -2]), { data, form: ALL });
    expect(notes.join()).toContain('"state" is carried from sample to sample');
    const evaluator = await Evaluator.create(engine, model, data);
    const found = new Float32Array(60);
    for await (const { outputs, indices } of evaluator.outputs(data.train)) {
      const z = floatsOf(outputs[0]);
      for (const [row, sample] of indices.entries()) found[sample] = z[row];
    }
    await evaluator.release();
    for (const [r, size] of SIZES.entries()) {
      const state = [0, 0];
      for (let i = STARTS[r]; i < STARTS[r] + size; i++) {
        for (const j of [0, 1]) state[j] = state[j] / 2 + heard.values[2 * i + j];
        expect(found[i]).toBeCloseTo(state[0] - 2 * state[1], 4);
      }
    }
  });

  it("is carried while a network learns to say what another says", async () => {
    const how = { against: network([1, -2]), batch: 2, epochs: 60, learningRate: 0.05, policy: "cosine" } as const;
    const { test, model, measure } = await train(engine, network([0.3, 0.2]), data, how);
    expect(measure.name).toBe("decision");
    expect(test).toBeGreaterThan(95);
    const w = model.initializers.get("w");
    expect(Array.from(w?.dtype === "float32" ? floatsOf(w) : [])[1]).toBeLessThan(-1.5);
  });

  it("reaches the weights that read it in training, whatever constants it passes through first", async () => {
    const how = { against: listener(), batch: 4, epochs: 2, learningRate: 0.01 } as const;
    const { model } = await train(engine, forgetful(), recordings(4), how);
    const norm = (network: Model) => {
      const r = network.initializers.get("r");
      return Math.hypot(...(isFloat32(r) ? r.data : []));
    };
    // Without a state nothing would move them.
    expect(norm(model)).toBeGreaterThan(1.001 * norm(forgetful()));
  });
});
