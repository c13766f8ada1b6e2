import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { arraySplit } from "../../src/data/array-split.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { evaluateAgainst } from "../../src/library/evaluate-against.ts";
import { int } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, type Model } from "../../src/onnx/graph.ts";
import { float32 } from "../../src/onnx/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { random } from "../../src/random.ts";
import type { Measure } from "../../src/tasks/measure.ts";
import { espalier } from "../cli/espalier.ts";

const engine = nodeEngine({ threads: 1 });
const SIZE = 6;

/** A matrix of a seed, with some of another added. */
function matrix(rows: number, columns: number, seed: number, noise: number) {
  const [a, b] = [random(seed, "weights"), random(7, "noise")];
  return float32(
    [rows, columns],
    Float32Array.from({ length: rows * columns }, () => a.normal() + noise * b.normal()),
  );
}

/** x [batch, 6] -> a Softmax of four classes, a map of sigmoids, a vector, and the sign of each number. */
function network(noise: number, batch: number | "batch" = "batch"): Model {
  const model = emptyModel("four");
  model.inputs.push({ name: "x", dtype: "float32", shape: [batch, SIZE] });
  const graph = new GraphBuilder(model);
  const by = (columns: number, seed: number) =>
    graph.emit("MatMul", ["x", graph.initializer("w", matrix(SIZE, columns, seed, noise))]);
  const outputs = [
    graph.emit("Softmax", [by(4, 1)], { axis: int(1) }, "classes"),
    graph.emit("Sigmoid", [graph.emit("Reshape", [by(9, 2), graph.ints([-1, 1, 3, 3])])], {}, "map"),
    graph.emit("Tanh", [by(5, 3)], {}, "vector"),
    graph.emit("Cast", [graph.emit("Sign", [by(3, 4)])], { to: int(7) }, "signs"),
  ];
  model.outputs = outputs.map((name) => ({ name }));
  return model;
}

function samples(count: number): Dataset {
  const values = Float32Array.from({ length: count * SIZE }, random(1, "x").normal);
  const part = arraySplit({ x: { values, size: SIZE } }, 0, count);
  const inputs = [{ name: "x", dtype: "float32", shape: [SIZE] }] as const;
  return { name: "made up", inputs, targets: [], train: part, validation: part, test: part };
}

const data = samples(300);

describe("two networks", () => {
  it("are the same where they are one", async () => {
    const found = await evaluateAgainst(engine, network(0), network(0), data);
    expect(found).toMatchObject({ samples: 300, fidelity: 100, measure: { name: "fidelity", better: "higher" } });
    expect(
      found.outputs.map(({ measure, value, relativeError }) => [measure, Math.round(value), relativeError]),
    ).toEqual([
      ["argmax", 100, 0],
      ["iou", 100, 0],
      ["cosine", 100, 0],
      ["same", 100, 0],
    ]);
    // Half of one sample in 300.
    expect(found.standardError).toBeCloseTo(1 / 6, 10);
  });

  it("are as alike as the least alike of their outputs", async () => {
    const { fidelity, outputs } = await evaluateAgainst(engine, network(0.3), network(0), data);
    const values = outputs.map(({ value }) => value);
    expect(fidelity).toBe(Math.min(...values));
    for (const { value, relativeError, standardError } of outputs) {
      expect(value).toBeGreaterThan(40);
      expect(value).toBeLessThan(100);
      expect(relativeError).toBeGreaterThan(0.01);
      expect(standardError).toBeLessThan(5);
    }
  });

  it("give the same numbers one by one and in batches, with a batch of a fixed size too", async () => {
    const open = await evaluateAgainst(engine, network(0.3), network(0), data);
    const single = await evaluateAgainst(engine, network(0.3, 1), network(0), data);
    const seven = await evaluateAgainst(engine, network(0.3), network(0, 7), data);
    for (const { outputs } of [single, seven]) {
      for (const [i, { value }] of outputs.entries()) expect(value).toBeCloseTo(open.outputs[i].value, 3);
    }
  });

  it("are compared by a measure that is named, which counts for the outputs that it is for", async () => {
    const notes: string[] = [];
    const found = await evaluateAgainst(engine, network(0.3), network(0), data, {
      measure: "iou",
      onProgress: (progress) => progress.kind === "note" && notes.push(progress.text),
    });
    expect(found.measure).toMatchObject({ name: "iou" });
    expect(found.outputs.map(({ measure }) => measure)).toEqual(["iou", "iou", "relative-error", "relative-error"]);
    expect(found.fidelity).toBe(Math.min(found.outputs[0].value, found.outputs[1].value));
    expect(notes.join()).toContain('"vector" is none that iou judges');
    const error = await evaluateAgainst(engine, network(0.3), network(0), data, { measure: "relative-error" });
    const worst = Math.max(...error.outputs.map(({ value }) => value));
    expect(error.fidelity).toBeCloseTo(100 - worst, 10);
    for (const { value, relativeError } of error.outputs) expect(relativeError).toBeCloseTo(value / 100, 12);
  });

  it("are compared by a measure of the caller's, which sees all outputs", async () => {
    const own: Measure = {
      name: "outputs",
      unit: "",
      better: "higher",
      tally: () => {
        let seen = 0;
        return {
          add: ({ outputs, samples }) => {
            seen += outputs.length * samples;
          },
          result: () => ({ value: seen, figures: {} }),
        };
      },
    };
    const found = await evaluateAgainst(engine, network(0.3), network(0), data, { measure: own });
    expect(found.fidelity).toBe(1200);
  });

  it("are refused where the measure or the outputs do not fit", async () => {
    const other = network(0);
    other.outputs = other.outputs.slice(0, 2);
    const fails = (promise: Promise<unknown>) => expect(promise).rejects;
    await fails(evaluateAgainst(engine, network(0), network(0), data, { measure: "boxes" })).toThrow(/boxes judges/);
    await fails(evaluateAgainst(engine, network(0), network(0), data, { measure: "error" })).toThrow(
      /no measure "error"/,
    );
    await fails(evaluateAgainst(engine, other, network(0), data)).toThrow(/same outputs/);
  });
});

/** state [2, 1, 3] and x [1, 6] -> the state's mean with x, and the state with one more. */
function stateful(): Model {
  const model = emptyModel("stateful");
  model.inputs.push({ name: "x", dtype: "float32", shape: ["batch", SIZE] });
  model.inputs.push({ name: "state", dtype: "float32", shape: [2, null, 3] });
  const graph = new GraphBuilder(model);
  const mean = graph.emit("ReduceMean", ["state", graph.ints([0, 2])], { keepdims: int(0) });
  const column = graph.emit("Unsqueeze", [mean, graph.ints([1])]);
  graph.emit("Sigmoid", [graph.emit("Add", [graph.emit("ReduceSum", ["x", graph.ints([1])]), column])], {}, "p");
  graph.emit("Add", ["state", graph.scalar("float32", 1)], {}, "next");
  model.outputs = [
    { name: "p", dtype: "float32", shape: ["batch", 1] },
    { name: "next", dtype: "float32", shape: [2, null, 3] },
  ];
  return model;
}

describe("a network with a state", () => {
  it("begins at zero for each sample, and is judged by what it says", async () => {
    const notes: string[] = [];
    const found = await evaluateAgainst(engine, stateful(), stateful(), data, {
      onProgress: (progress) => progress.kind === "note" && notes.push(progress.text),
    });
    expect(found.outputs).toMatchObject([{ name: "p", measure: "decision", value: 100 }]);
    expect(notes[0]).toContain('The state "state" is zero');
  });
});

describe("eval --against", () => {
  const folder = mkdtempSync(join(tmpdir(), "against-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const at = (name: string) => join(folder, name);
  writeFileSync(at("a.onnx"), writeModel(network(0)));
  writeFileSync(at("b.onnx"), writeModel(network(0.3)));
  writeFileSync(
    at("data.mjs"),
    `const split = { size: 40, read(indices, into) { into.x?.set(Array.from({ length: indices.length * 6 }, (_, i) => Math.sin(7 * indices[Math.floor(i / 6)] + i % 6))); } };
     export default { name: "sines", inputs: [{ name: "x", dtype: "float32", shape: [6] }], train: split, validation: split, test: split };`,
  );
  writeFileSync(
    at("measure.mjs"),
    `export default { name: "count", unit: "", better: "higher", tally() { let n = 0; return { add({ samples }) { n += samples; }, result: () => ({ value: n, figures: {} }) }; } };`,
  );

  it("prints one object, the same networks as an .esp file too", async () => {
    await espalier("compress", at("a.onnx"), "--out", at("a.esp"));
    const { status, stdout } = await espalier(
      "eval",
      at("b.onnx"),
      "--against",
      at("a.esp"),
      "--data",
      at("data.mjs"),
      "--json",
    );
    expect(status).toBe(0);
    const found = JSON.parse(stdout);
    expect(Object.keys(found)).toEqual(["samples", "fidelity", "standardError", "outputs", "measure"]);
    expect(Object.keys(found.outputs[0])).toEqual(["name", "measure", "value", "relativeError"]);
    expect(found.samples).toBe(40);
    const text = await espalier("eval", at("b.onnx"), "--against", at("a.onnx"), "--data", at("data.mjs"));
    expect(text.stdout).toContain(`fidelity ${found.fidelity.toFixed(2)}%`);
  });

  it("refuses what is about labels, and tells a measure in its own unit", async () => {
    const against = ["eval", at("b.onnx"), "--against", at("a.onnx"), "--data", at("data.mjs")];
    const photographs = ["eval", at("b.onnx"), "--against", at("a.onnx"), "--data", "images:here"];
    for (const [command, ...about] of [
      [photographs, "--classes", "synsets.txt"],
      [photographs, "--labels", "labels.csv"],
      [against, "--task", "classify"],
    ] as const) {
      const { status, stderr } = await espalier(...command, ...about);
      expect([status, stderr]).toEqual([2, expect.stringContaining(`reads no labels: leave out ${about[0]}.`)]);
    }
    const own = await espalier(...against, "--measure", at("measure.mjs"));
    expect(own.stdout).toContain("fidelity 40.00 (chance 0.000)");
  });

  it("takes a measure from a module", async () => {
    const own = await espalier(
      "eval",
      at("b.onnx"),
      "--against",
      at("a.onnx"),
      "--data",
      at("data.mjs"),
      "--measure",
      at("measure.mjs"),
      "--json",
    );
    expect(JSON.parse(own.stdout)).toMatchObject({ fidelity: 40, measure: { name: "count" } });
    const none = await espalier(
      "eval",
      at("b.onnx"),
      "--against",
      at("a.onnx"),
      "--data",
      at("data.mjs"),
      "--measure",
      "nowhere.js",
    );
    expect(none).toMatchObject({ status: 2 });
    expect(none.stderr).toContain("There is no module nowhere.js for --measure");
  });

  it("refuses what is about labels", async () => {
    const { status, stderr } = await espalier(
      "eval",
      at("b.onnx"),
      "--against",
      at("a.onnx"),
      "--data",
      at("data.mjs"),
      "--task",
      "classify",
    );
    expect(status).toBe(2);
    expect(stderr).toContain("leave out --task");
  });
});
