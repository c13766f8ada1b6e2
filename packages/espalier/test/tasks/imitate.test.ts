import { describe, expect, it } from "vitest";
import { type Adopted, adopt } from "../../src/adoption/adopt.ts";
import { arraySplit } from "../../src/data/array-split.ts";
import type { Dataset, Split } from "../../src/data/dataset.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { compress } from "../../src/library/compress.ts";
import type { Progress } from "../../src/library/progress.ts";
import { pruneByPlan } from "../../src/library/prune-by-plan.ts";
import { pruneBySearch } from "../../src/library/prune-by-search.ts";
import { pruneWithoutLabels } from "../../src/library/prune-without-labels.ts";
import { pruneReport, pruneWithoutLabelsReport } from "../../src/library/report.ts";
import { scan } from "../../src/library/scan.ts";
import { train } from "../../src/library/train.ts";
import { float, int } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, type Model } from "../../src/onnx/graph.ts";
import { float32, floatsOf } from "../../src/onnx/tensor.ts";
import { random } from "../../src/random.ts";
import { ALL, wantedOf } from "../../src/tasks/imitate.ts";
import { evaluate } from "../../src/training/evaluate.ts";
import { imitationOf } from "../../src/training/imitation.ts";
import { withParameters } from "../../src/training/parameters.ts";

const engine = nodeEngine({ threads: 1 });
const SIZE = 8;

function weights(graph: GraphBuilder, name: string, dims: readonly number[], seed: number): string {
  const { normal } = random(seed, name);
  const size = dims.reduce((product, dim) => product * dim, 1);
  const scale = 1 / Math.sqrt(size / dims[dims.length - 1]);
  return graph.initializer(
    name,
    float32(
      dims,
      Float32Array.from({ length: size }, () => scale * normal()),
    ),
  );
}

/** Steps of classes [n, 4, 3], a map [n, 1, 2, 2] and a vector [n, 5] of x [n, 8], over a hidden layer that they share. */
function network(seed = 1, batch: number | "batch" = "batch"): Model {
  const model = emptyModel("three");
  model.inputs.push({ name: "x", dtype: "float32", shape: [batch, SIZE] });
  const graph = new GraphBuilder(model);
  const dense = (x: string, name: string, from: number, to: number) =>
    graph.emit("Add", [
      graph.emit("MatMul", [x, weights(graph, `${name}.weight`, [from, to], seed)]),
      weights(graph, `${name}.bias`, [to], seed),
    ]);
  const hidden = graph.emit("Relu", [dense("x", "hidden", SIZE, 24)]);
  const steps = graph.emit("Reshape", [dense(hidden, "steps", 24, 12), graph.ints([-1, 4, 3])]);
  graph.emit("Softmax", [graph.emit("Mul", [steps, graph.scalar("float32", 3)])], { axis: int(2) }, "classes");
  const map = graph.emit("Reshape", [dense(hidden, "map", 24, 4), graph.ints([-1, 1, 2, 2])]);
  graph.emit("Sigmoid", [map], {}, "mask");
  graph.emit("LeakyRelu", [dense(hidden, "vector", 24, 5)], { alpha: float(0.1) }, "embedding");
  model.outputs = [{ name: "classes" }, { name: "mask" }, { name: "embedding" }];
  return model;
}

function samples(name: string, size: number): Split {
  const { normal } = random(1, "samples", name);
  return arraySplit({ x: { values: Float32Array.from({ length: size * SIZE }, normal), size: SIZE } }, 0, size);
}

const data: Dataset = {
  name: "noise",
  inputs: [{ name: "x", dtype: "float32", shape: [SIZE] }],
  targets: [],
  train: samples("train", 300),
  validation: samples("validation", 120),
  test: samples("test", 120),
};
const model = network();
const how = { learningRate: 3e-3, batch: 20 };

/** What the network itself says of some samples of a split. */
async function outputsOf({ model }: Pick<Adopted, "model">, split: Split, indices: readonly number[]) {
  const x = new Float32Array(indices.length * SIZE);
  await split.read(indices, { x });
  const program = await engine.compile(model);
  try {
    return await program.run({ x: float32([indices.length, SIZE], x) });
  } finally {
    await program.release();
  }
}

describe("the outputs of a network as targets", () => {
  it("are the same, kept in memory or computed when they are read", async () => {
    const adopted = await adopt(engine, model, { data, form: ALL });
    for (const most of [2 ** 20, 0, 21 * 130]) {
      const { data: own, release } = await imitationOf(engine, adopted, data, { most });
      expect(own.targets.map(({ shape }) => shape)).toEqual([[12], [4], [5]]);
      const indices = [299, 3, 150, 3];
      const into = Object.fromEntries(own.targets.map(({ name, shape }) => [name, new Float32Array(4 * shape[0])]));
      const x = new Float32Array(4 * SIZE);
      await own.train.read(indices, { ...into, x });
      const expected = await outputsOf(adopted, data.train, indices);
      for (const { name, kind } of adopted.heads ?? []) {
        const found = adopted.model.outputs.find((output) => output.name === name)?.name ?? "";
        const wanted = floatsOf(expected[found]);
        expect(kind === "values" || wanted.some((z) => z < 0)).toBe(true);
        into[wantedOf(name)].forEach((value, i) => {
          expect(value).toBeCloseTo(wanted[i], 5);
        });
      }
      await release();
    }
  });

  it("give a loss of nothing to the network itself, and 1 to one that says the mean", async () => {
    const adopted = await adopt(engine, model, { data, form: ALL });
    const { data: own, task, release } = await imitationOf(engine, adopted, data);
    const itself = await evaluate(engine, adopted.model, own, own.validation, task);
    expect(itself.loss).toBeCloseTo(0, 6);
    expect(itself.value).toBe(100);
    // Of the vector alone: 0 weights and the mean as bias.
    const only = await adopt(engine, model, { data, form: { kind: "all", only: ["embedding"] } });
    const vector = await imitationOf(engine, only, data);
    const outputs = floatsOf((await outputsOf(only, data.train, [...Array(256).keys()])).embedding);
    const mean = Float32Array.from({ length: 5 }, (_, j) => {
      let sum = 0;
      for (let i = 0; i < 256; i++) sum += outputs[5 * i + j];
      return sum / 256 > 0 ? sum / 256 : sum / 25.6;
    });
    const constant = withParameters(
      only.model,
      new Map([
        ["vector.weight", float32([24, 5])],
        ["vector.bias", float32([5], mean)],
      ]),
    );
    const { loss } = await evaluate(engine, constant, vector.data, vector.data.train, vector.task);
    expect(loss).toBeGreaterThan(0.9);
    expect(loss).toBeLessThan(1.1);
    await release();
    await vector.release();
  });

  it("are refused where they are not finite", async () => {
    const broken = network();
    broken.initializers.set("map.bias", float32([4], Float32Array.of(Number.NaN, 0, 0, 0)));
    const adopted = await adopt(engine, broken, { data, form: ALL });
    await expect(imitationOf(engine, adopted, data)).rejects.toThrow(/"mask" .* is not finite/);
  });
});

describe("imitation", () => {
  it("is the task of data without targets: a network learns what another says", async () => {
    const notes: string[] = [];
    const onProgress = (progress: Progress) => progress.kind === "note" && notes.push(progress.text);
    const result = await train(engine, network(2), data, { ...how, against: model, epochs: 25, onProgress });
    expect(result.measure).toMatchObject({ name: "fidelity", unit: "%", better: "higher" });
    expect(notes.join()).toContain("as the samples have no targets");
    expect(notes.join()).toMatch(/"mask" is judged by iou/);
    const before = await train(engine, network(2), data, { ...how, against: model, epochs: 1, learningRate: 1e-9 });
    expect(before.test).toBeLessThan(60);
    expect(result.test).toBeGreaterThan(before.test + 15);
  });

  it("leaves a network as it came that it would only make worse, such as one that imitates itself", async () => {
    const notes: string[] = [];
    const onProgress = (progress: Progress) => progress.kind === "note" && notes.push(progress.text);
    const own = await train(engine, model, data, { ...how, epochs: 1, learningRate: 0.5, onProgress });
    expect(own).toMatchObject({ bestEpoch: 0, validation: 100, test: 100 });
    expect(own.model.initializers).toEqual(model.initializers);
    expect(notes.join()).toContain("which is itself: its weights stay as they came");
    const smaller = await train(engine, model, data, { ...how, epochs: 1, l1: 0.01 });
    expect(smaller.bestEpoch).toBe(1);
  });

  it("retrains what is pruned by a plan, and reports it", async () => {
    const result = await pruneByPlan(engine, model, data, { ...how, rate: 2.5, rounds: 1, epochs: 12 });
    expect(result.compressionRate).toBeCloseTo(2.5, 0);
    expect(result.baseline).toEqual({ validation: 100, test: 100 });
    const [{ pruned = 100, validation }] = result.rounds;
    expect(validation).toBeGreaterThan(pruned);
    expect(result.pruned.validation).toBeCloseTo(validation, 6);
    expect(await pruneReport(engine, data, result, { title: "three", command: "test" })).toContain(
      "validation fidelity, %",
    );
  });

  it("is searched within points of fidelity", async () => {
    const choice = { ...how, maxLoss: 12, epochs: 4, measure: "argmax" } as const;
    const result = await pruneBySearch(engine, model, data, choice);
    expect(result.measure.name).toBe("argmax");
    expect(result.compressionRate).toBeGreaterThan(1.2);
    expect(result.pruned.validation).toBeGreaterThanOrEqual(88);
  });

  it("tells where samples are too few to choose by", async () => {
    const notes: string[] = [];
    const few = { ...data, validation: samples("few", 5) };
    const onProgress = (progress: Progress) => progress.kind === "note" && notes.push(progress.text);
    await pruneBySearch(engine, model, few, { ...how, maxLoss: 5, epochs: 1, onProgress });
    expect(notes.join()).toMatch(/5 samples to choose by are too few to tell 5 points apart/);
  });

  it("is what a scan measures, of outputs that a layer has no part in too", async () => {
    const { layers, measure } = await scan(engine, model, data, { densities: [1, 0.3], output: "mask=2,embedding" });
    expect(measure.name).toBe("fidelity");
    expect(layers.map(({ name }) => name)).toEqual(["hidden", "map", "vector"]);
    for (const { points } of layers) {
      expect(points[0]).toMatchObject({ density: 1, value: 100 });
      expect(points[1].value).toBeLessThan(100);
    }
  });

  it("is how networks are compared that are pruned and shared without training", async () => {
    const pruned = await pruneWithoutLabels(engine, model, data, { maxLoss: 15 });
    expect(pruned.agreement.validation).toMatchObject({ measure: "fidelity", samples: 120 });
    expect(pruned.agreement.validation.agreement).toBeGreaterThanOrEqual(85);
    expect(pruned.compressionRate).toBeGreaterThan(1.1);
    expect(pruned.pruned?.test).toBeCloseTo(pruned.agreement.test.agreement, 6);
    expect(pruneWithoutLabelsReport(pruned, { title: "three", command: "" })).toContain("fidelity on test samples");
    const shared = await compress(engine, model, data, { unlabeled: true, maxLoss: 10 });
    expect(shared.agreement?.agreement).toBeGreaterThanOrEqual(90);
    expect(shared.labels).toBe("own");
  });

  it("trains shared values", async () => {
    const {
      shared,
      untrained = 100,
      measure,
    } = await compress(engine, model, data, {
      bits: [["*", 2]],
      epochs: 6,
      batch: 20,
    });
    expect(measure?.better).toBe("higher");
    expect(shared?.validation).toBeGreaterThan(untrained);
  });

  it("goes with a batch of a fixed size", async () => {
    const fixed = network(1, 1);
    const { layers } = await scan(engine, fixed, data, { densities: [0.5], layers: ["hidden"] });
    const open = await scan(engine, model, data, { densities: [0.5], layers: ["hidden"] });
    expect(layers[0].points[0].value).toBeCloseTo(open.layers[0].points[0].value, 4);
  });

  it("is refused with a sentence where it can do nothing", async () => {
    const fails = (promise: Promise<unknown>) => expect(promise).rejects;
    await fails(train(engine, "lenet-5", data, {})).toThrow(/has learned nothing that it could imitate/);
    await fails(scan(engine, model, data, { output: "maps" })).toThrow(/no output "maps"/);
    await fails(scan(engine, model, data, { output: "mask=x" })).toThrow(/no output with its weight/);
    await fails(train(engine, model, data, { flip: true })).toThrow(/leave out flip|leave out shift/);
    await fails(train(engine, model, data, { loss: "mse" })).toThrow(/loss of its own/);
  });
});
