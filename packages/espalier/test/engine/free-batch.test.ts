import { describe, expect, it } from "vitest";
import { annotate } from "../../src/engine/annotate.ts";
import { freeBatch } from "../../src/engine/free-batch.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { int } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, type Model } from "../../src/onnx/graph.ts";
import { float32, sizeOf } from "../../src/onnx/tensor.ts";
import { random } from "../../src/random.ts";

const engine = nodeEngine({ threads: 1 });
const normals = (...dims: number[]) =>
  float32(dims, Float32Array.from({ length: sizeOf(dims) }, random(1, "free-batch", ...dims).normal));

/** A network over x that was exported with the batch of its shape. */
function exported(shape: number[], build: (graph: GraphBuilder) => string): Model {
  const model = emptyModel("exported");
  model.inputs.push({ name: "x", dtype: "float32", shape });
  model.outputs.push({ name: build(new GraphBuilder(model)) });
  return model;
}

async function opened(model: Model) {
  return freeBatch(engine, model, await annotate(engine, model, {}));
}

describe("a fixed batch is opened", () => {
  it.each<[string, number[], (graph: GraphBuilder) => string]>([
    ["a Reshape that names it", [1, 2, 6], (graph) => graph.emit("Reshape", ["x", graph.ints([1, 12])])],
    [
      "a Reshape that leaves another size open",
      [1, 2, 6],
      (graph) => graph.emit("Reshape", ["x", graph.ints([1, -1])]),
    ],
    [
      "rows of all samples in one matrix, and back",
      [1, 4, 6],
      (graph) => {
        const rows = graph.emit("Reshape", ["x", graph.ints([4, 6])]);
        const product = graph.emit("MatMul", [rows, graph.initializer("w", normals(6, 2))]);
        return graph.emit("Reshape", [product, graph.ints([1, 4, 2])]);
      },
    ],
    [
      "a token that is put before each sample",
      [1, 4, 6],
      (graph) => graph.emit("Concat", [graph.initializer("token", normals(1, 1, 6)), "x"], { axis: int(1) }),
    ],
    ["an Expand", [1, 1, 6], (graph) => graph.emit("Expand", ["x", graph.ints([1, 4, 6])])],
    [
      "a recurrent layer that begins with zeros",
      [1, 5, 3],
      (graph) => {
        const steps = graph.emit("Transpose", ["x"], { perm: { kind: "ints", value: [1, 0, 2] } });
        const weights = [graph.initializer("w", normals(1, 8, 3)), graph.initializer("r", normals(1, 8, 2))];
        const states = [graph.initializer("h", float32([1, 1, 2])), graph.initializer("c", float32([1, 1, 2]))];
        const [, last] = graph.emitMany("LSTM", [steps, ...weights, "", "", ...states], { hidden_size: int(2) }, 2);
        return graph.emit("Squeeze", [last, graph.ints([0])]);
      },
    ],
    ["a batch of three", [3, 2, 6], (graph) => graph.emit("Reshape", ["x", graph.ints([3, 12])])],
  ])("of %s", async (_, shape, build) => {
    const model = exported(shape, build);
    const found = await opened(model);
    if (!("model" in found)) throw new Error(found.reason);
    expect(found.model.inputs[0].shape).toEqual(["batch", ...shape.slice(1)]);
    // Each sample of a batch of five is what it is in the export, alone or in its place there.
    const five = normals(5, ...shape.slice(1));
    const size = sizeOf(shape.slice(1));
    const [many, alone] = [await annotate(engine, found.model, { batch: 5 }), await annotate(engine, model, {})];
    const [together, single] = [await engine.compile(many), await engine.compile(alone)];
    const all = (await together.run({ x: five }))[model.outputs[0].name];
    const perSample = all.data.length / 5;
    for (let i = 0; i < 5; i++) {
      const x = float32(shape);
      x.data.set(five.data.subarray(i * size, (i + 1) * size));
      const own = (await single.run({ x }))[model.outputs[0].name];
      for (let j = 0; j < perSample; j++) expect(all.data[i * perSample + j]).toBeCloseTo(Number(own.data[j]), 5);
    }
    await together.release();
    await single.release();
  });

  it("not where samples are mixed, or another would not run", async () => {
    const mixing = exported([1, 6], (graph) => graph.emit("Mul", ["x", graph.emit("ReduceMean", ["x"])]));
    expect(await opened(mixing)).toMatchObject({ reason: expect.stringMatching(/mixes the samples of a batch/) });
    const stuck = exported([1, 6], (graph) => graph.emit("Add", ["x", graph.emit("Transpose", ["x"])]));
    expect("reason" in (await opened(stuck))).toBe(true);
    const narrow = exported([2, 6], (graph) => graph.emit("Add", ["x", graph.initializer("b", normals(2, 6))]));
    expect(await opened(narrow)).toEqual({ reason: "its graph runs with no other" });
  });
});
