import { describe, expect, it } from "vitest";
import { forSamples } from "../../../src/adoption/samples.ts";
import { arraySplit } from "../../../src/data/array-split.ts";
import type { Dataset } from "../../../src/data/dataset.ts";
import { nodeEngine } from "../../../src/engine/node.ts";
import { evaluateAgainst } from "../../../src/library/evaluate-against.ts";
import { shareWithin } from "../../../src/library/share-within.ts";
import { GraphBuilder } from "../../../src/onnx/builder.ts";
import { emptyModel, type Model } from "../../../src/onnx/graph.ts";
import { float32 } from "../../../src/onnx/tensor.ts";
import { imitate } from "../../../src/sharing/scaled/imitation.ts";
import { Scaler } from "../../../src/sharing/scaled/scale-network.ts";
import { statisticsOf } from "../../../src/sharing/scaled/statistics.ts";
import { forgetful, listener, recordings } from "../../listener.ts";
import { scaledOf } from "./scaled-of.ts";

const engine = nodeEngine({ threads: 1 });
const DECAY = 0.8;

/** x [n, 1] and state [n, 1] -> y = x + r state, which is the next state too. */
function leaky(): Model {
  const model = emptyModel("leaky");
  for (const name of ["x", "state"]) model.inputs.push({ name, dtype: "float32", shape: ["batch", 1] });
  const graph = new GraphBuilder(model);
  const r = graph.initializer("r", float32([1, 1], Float32Array.of(DECAY)));
  graph.emit("Add", ["x", graph.emit("MatMul", ["state", r])], {}, "y");
  graph.emit("Identity", ["y"], {}, "stateN");
  model.outputs = ["y", "stateN"].map((name) => ({ name, dtype: "float32", shape: ["batch", 1] }));
  return model;
}

/** Recordings of three ones each. */
function ones(count: number, follows: boolean): Dataset {
  const whole = arraySplit({ x: { values: new Float32Array(3 * count).fill(1), size: 1 } }, 0, 3 * count);
  const starts = Array.from({ length: count }, (_, i) => 3 * i);
  const part = follows ? { ...whole, stream: { starts } } : whole;
  return {
    name: "ones",
    inputs: [{ name: "x", dtype: "float32", shape: [1] }],
    targets: [],
    train: part,
    validation: part,
    test: part,
  };
}

/** What is known of r, in units of what an error of the output counts. */
async function weightOfR(follows: boolean) {
  const data = ones(512, follows);
  const statistics = await statisticsOf(engine, forSamples(leaky(), data), data, { batch: 128, seed: 1 });
  const [block] = statistics.layers.get("r")?.blocks ?? [];
  const unit = 0.03 * statistics.scales[0];
  return block.second[0] * unit ** 2;
}

describe("statistics of a network with a state", () => {
  it("count what a state does from its sample on, by the states that the network has", async () => {
    const states = [0, 1, 1 + DECAY];
    const squares = [1 + DECAY ** 2 + DECAY ** 4, 1 + DECAY ** 2, 1];
    const wanted = states.reduce((sum, state, i) => sum + (squares[i] * state ** 2) / 3, 0);
    const found = await weightOfR(true);
    expect(found).toBeGreaterThan(0.85 * wanted);
    expect(found).toBeLessThan(1.15 * wanted);
  });

  it("begin from zero where samples do not follow each other: then a weight that only reads the state does nothing", async () => {
    expect(await weightOfR(false)).toBe(0);
  });
});

describe("a network with a state", () => {
  it("keeps what it remembers when its weights are rounded", async () => {
    const data = recordings();
    const deaf = await evaluateAgainst(engine, forgetful(), listener(), data, { split: "validation" });
    expect(deaf.fidelity).toBeLessThan(85);
    const { fidelity, layers, curve } = await shareWithin(engine, listener(), data, { maxLoss: 3, epochs: 0 });
    expect(fidelity?.test).toBeGreaterThan(93);
    expect(layers.find(({ name }) => name === "r")?.kept).toBeGreaterThan(50);
    expect(Math.min(...curve.filter(({ accepted }) => accepted).map(({ bytes }) => bytes))).toBeLessThan(220);
  });

  it("learns through its state to say again what it said, the same way for the same seed", async () => {
    const data = recordings();
    const network = forSamples(listener(), data);
    const { scales, ...statistics } = await statisticsOf(engine, network, data, { batch: 12, seed: 1 });
    const start = await new Scaler({ scales, ...statistics }).scale(0.03);
    const run = async () => {
      const losses: number[] = [];
      const moved: number[] = [];
      await imitate(engine, network, start, data, {
        ...{ epochs: 6, rate: 0.03, batch: 12, seed: 1, scales },
        async onEpoch(_, loss, scaling) {
          losses.push(loss);
          moved.push(
            scaledOf(scaling, "r").codes.reduce(
              (sum, code, i) => sum + Math.abs(code - scaledOf(start, "r").codes[i]),
              0,
            ),
          );
          return false;
        },
      });
      return { losses, moved };
    };
    const found = await run();
    expect(found.losses[5]).toBeLessThan(0.8 * found.losses[0]);
    expect(found.moved[5]).toBeGreaterThan(0);
    expect(await run()).toEqual(found);
  });
});
