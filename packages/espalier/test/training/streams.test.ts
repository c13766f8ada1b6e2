import { describe, expect, it } from "vitest";
import { forSamples, forStream } from "../../src/adoption/samples.ts";
import { arraySplit } from "../../src/data/array-split.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { evaluateAgainst } from "../../src/library/evaluate-against.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { type Dim, emptyModel, type Model } from "../../src/onnx/graph.ts";
import { regress } from "../../src/tasks/regress.ts";
import { Evaluator } from "../../src/training/evaluate.ts";

const engine = nodeEngine({ threads: 1 });

/** x [batch, 2] and state [1, batch, 2] -> stateN = state / 2 + x, and y, which is it without its first axis. */
function leaky(batch: Dim, factor = 0.5): Model {
  const model = emptyModel("leaky");
  model.inputs.push(
    { name: "x", dtype: "float32", shape: [batch, 2] },
    { name: "state", dtype: "float32", shape: [1, batch === 1 ? 1 : null, 2] },
  );
  const graph = new GraphBuilder(model);
  const kept = graph.emit("Mul", ["state", graph.scalar("float32", factor)]);
  graph.emit("Add", [kept, graph.emit("Unsqueeze", ["x", graph.ints([0])])], {}, "stateN");
  graph.emit("Squeeze", ["stateN", graph.ints([0])], {}, "y");
  model.outputs.push(
    { name: "y", dtype: "float32", shape: [batch, 2] },
    { name: "stateN", dtype: "float32", shape: [null, null, null] },
  );
  return model;
}

/** Recordings of 3, 1, 4 and 2 samples, side by side as far as there are rows. */
function recordings(starts: readonly number[] | undefined): Dataset {
  const values = Float32Array.from({ length: 20 }, (_, i) => i + 1);
  const part = { ...arraySplit({ audio: { values, size: 2 } }, 0, 10), ...(starts && { stream: { starts } }) };
  const inputs = [{ name: "audio", dtype: "float32", shape: [2] }] as const;
  return { name: "recordings", inputs, targets: [], train: part, validation: part, test: part };
}

const STARTS = [0, 3, 4, 8];

/** What y is for each sample, the state carried from where a recording begins. */
function byHand(): Map<number, number[]> {
  const found = new Map<number, number[]>();
  let state = [0, 0];
  for (let i = 0; i < 10; i++) {
    if (STARTS.includes(i)) state = [0, 0];
    state = state.map((value, j) => value / 2 + 2 * i + j + 1);
    found.set(i, state);
  }
  return found;
}

describe("a network whose state the caller carries", () => {
  it.each<[string, Dim, number]>([
    ["side by side", "batch", 3],
    ["one after the other where its batch is one", 1, 1],
  ])("goes through recordings %s, each from zeros", async (_, batch, rows) => {
    const data = recordings(STARTS);
    const network = forStream(leaky(batch), data);
    const evaluator = await Evaluator.create(engine, network, data, [], { batch: rows, task: regress() });
    const found: (readonly [number[], number])[] = [];
    for await (const { outputs, samples } of evaluator.outputs(data.test)) {
      expect(outputs).toHaveLength(1);
      found.push([Array.from(outputs[0].data, Number).slice(0, 2 * samples), samples]);
    }
    await evaluator.release();
    const hand = [...byHand().values()];
    expect(found.reduce((sum, [, samples]) => sum + samples, 0)).toBe(10);
    // The longest recording comes first, and its row is the first.
    expect(found.slice(0, 4).map(([values]) => values.slice(0, 2))).toEqual(hand.slice(4, 8));
    const numbers = (all: number[][]) => all.flat().sort((a, b) => a - b);
    expect(numbers(found.map(([values]) => values))).toEqual(numbers(hand));
  });

  it("is compared with another with both states carried, or zero where samples do not follow each other", async () => {
    const notes: string[] = [];
    const onProgress = (progress: { kind: string; text?: string }) => {
      if (progress.kind === "note") notes.push(progress.text ?? "");
    };
    const carried = await evaluateAgainst(engine, leaky("batch", 0), leaky("batch"), recordings(STARTS), {
      onProgress,
    });
    expect(carried.outputs).toHaveLength(1);
    expect(carried.outputs[0].relativeError).toBeGreaterThan(0.1);
    expect(notes.join("\n")).toMatch(
      /"state" is carried: it is zero where a recording begins, then what "stateN" gives/,
    );
    const apart = await evaluateAgainst(engine, leaky("batch", 0), leaky("batch"), recordings(undefined));
    // From a state of zeros it does not matter what becomes of it.
    expect(apart.outputs[0].relativeError).toBe(0);
    expect(forSamples(leaky("batch"), recordings(undefined)).inputs.map(({ name }) => name)).toEqual(["x"]);
  });
});
