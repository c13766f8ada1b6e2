import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../src/engine/node.ts";
import { type Attributes, float, int } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, type Model } from "../../src/onnx/graph.ts";
import { type FloatTensor, float32 } from "../../src/onnx/tensor.ts";
import { layersOf } from "../../src/operators/layers.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/pruning/checkpoint.ts";
import { countAll } from "../../src/pruning/mask.ts";
import { inTurn, pruningRounds } from "../../src/pruning/recipe-rounds.ts";
import { type RoundsOptions, type RoundsState, runRounds } from "../../src/pruning/rounds.ts";
import { searchRounds } from "../../src/pruning/search.ts";
import { evaluate } from "../../src/training/evaluate.ts";
import { parametersOf, runningStatistics, trainableParameters, withParameters } from "../../src/training/parameters.ts";
import { Trainer, type TrainerOptions } from "../../src/training/trainer.ts";
import { blobs, normNet, readBatch, readSamples } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const data = blobs();
const BATCH = 20;
const base: TrainerOptions = { batch: BATCH, seed: 1, optimizer: { name: "sgd", momentum: 0.9 } };
const STATISTICS = ["norm1.mean", "norm1.variance", "norm2.mean", "norm2.variance"];

/** A network that normalizes its input as it comes: what its statistics must be is known. */
function inputNormalizer(momentum?: number): Model {
  const model = emptyModel("normalizer");
  model.inputs.push({ name: "input", dtype: "float32", shape: ["batch", 1, 4, 4] });
  const graph = new GraphBuilder(model);
  const own = [1, 0, 0.5, 2].map((value, i) => graph.initializer(`own${i}`, float32([1], Float32Array.of(value))));
  const attributes: Attributes = momentum === undefined ? {} : { momentum: float(momentum) };
  const normalized = graph.emit("BatchNormalization", ["input", ...own], attributes);
  const weight = graph.initializer("weight", float32([16, 4], new Float32Array(64).fill(0.1)));
  graph.emit("MatMul", [graph.emit("Flatten", [normalized]), weight], {}, "logits");
  model.outputs.push({ name: "logits", dtype: "float32", shape: ["batch", 4] });
  return model;
}

async function steps(trainer: Trainer, count: number): Promise<number[]> {
  const losses: number[] = [];
  while (losses.length < count) {
    const now = Math.min(trainer.capacity, count - losses.length);
    for (let i = 0; i < now; i++) {
      await readBatch(trainer, i, data, batchAt(losses.length + i));
    }
    losses.push(...(await trainer.run(Array(now).fill(0.05))));
  }
  return losses;
}

const batchAt = (step: number) => Array.from({ length: BATCH }, (_, j) => (step * BATCH + j) % data.train.size);

describe("training a network with BatchNormalization", () => {
  it.each([undefined, 0.75])("renews the running statistics as ONNX defines it, momentum %s", async (momentum) => {
    const trainer = await Trainer.create(engine, inputNormalizer(momentum), base);
    await steps(trainer, 5);
    const stays = momentum ?? 0.9;
    let [mean, variance] = [0.5, 2];
    for (let step = 0; step < 5; step++) {
      const { inputs } = await readSamples(data, data.train, batchAt(step));
      const ofBatch = inputs.reduce((sum, x) => sum + x, 0) / inputs.length;
      const squares = inputs.reduce((sum, x) => sum + (x - ofBatch) ** 2, 0) / inputs.length;
      mean = stays * mean + (1 - stays) * ofBatch;
      variance = stays * variance + (1 - stays) * squares;
    }
    const found = await trainer.statistics();
    expect(found.get("own2")?.data[0]).toBeCloseTo(mean, 5);
    expect(found.get("own3")?.data[0]).toBeCloseTo(variance, 5);
    await trainer.release();
  });

  it("renews a statistic that two nodes share by one after the other", async () => {
    const model = inputNormalizer();
    const [first, ...rest] = model.nodes;
    model.nodes = [first, { ...first, name: "again", inputs: [...first.inputs], outputs: ["again"] }, ...rest];
    const graph = new GraphBuilder(model);
    model.nodes = model.nodes.map((node) =>
      node.op === "MatMul" ? { ...node, name: "first", outputs: ["first"] } : node,
    );
    const sum = graph.emit("ReduceSum", ["again", graph.ints([1, 2, 3])], { keepdims: int(0) });
    graph.emit("Add", ["first", graph.emit("Unsqueeze", [sum, graph.ints([1])])], {}, "logits");
    const [once, twice] = [
      await Trainer.create(engine, inputNormalizer(), base),
      await Trainer.create(engine, model, base),
    ];
    const means: number[] = [];
    for (const trainer of [once, twice]) {
      await steps(trainer, 1);
      means.push((await trainer.statistics()).get("own2")?.data[0] ?? Number.NaN);
      await trainer.release();
    }
    const ofBatch = (means[0] - 0.9 * 0.5) / 0.1;
    expect(means[1]).toBeCloseTo(0.81 * 0.5 + 0.19 * ofBatch, 5);
  });

  it("learns, the same in one step a run as in several", async () => {
    const [several, single] = [
      await Trainer.create(engine, normNet(), base),
      await Trainer.create(engine, normNet(), { ...base, stepsPerRun: 1 }),
    ];
    const losses = await steps(several, 40);
    expect(losses[39]).toBeLessThan(losses[0] / 2);
    expect(await steps(single, 40)).toEqual(losses);
    expect(await several.state()).toEqual(await single.state());
    expect([...(await several.statistics()).keys()]).toEqual(STATISTICS);
    await Promise.all([several.release(), single.release()]);
  });

  it("counts scales and shifts as parameters, but no running statistics", () => {
    const model = normNet();
    expect(runningStatistics(model)).toEqual(STATISTICS);
    expect(trainableParameters(model).some((name) => STATISTICS.includes(name))).toBe(false);
    const { parameters } = countAll(parametersOf(model, trainableParameters(model)));
    expect(parameters).toBe(6 * 9 + 2 * 6 + 96 * 8 + 2 * 8 + 4 * 8 + 4);
  });

  it("leaves frozen statistics as they are, and normalizes by them", async () => {
    const trainer = await Trainer.create(engine, normNet(), { ...base, batchNorm: "frozen" });
    const losses = await steps(trainer, 20);
    expect(losses[19]).toBeLessThan(losses[0]);
    expect((await trainer.statistics()).size).toBe(0);
    // With mean 0 and variance 1 the node does almost nothing, so the first loss is that of the evaluated network.
    const inOrder = { ...data.train, size: BATCH };
    expect(losses[0]).toBeCloseTo((await evaluate(engine, normNet(), data, inOrder)).loss, 4);
    await trainer.release();
  });

  it("leaves the statistics of a frozen layer as they are", async () => {
    const [conv1] = layersOf(normNet());
    const frozen = new Set(conv1.parameters);
    expect([...frozen].sort()).toEqual(["conv1.weight", "norm1.mean", "norm1.scale", "norm1.shift", "norm1.variance"]);
    const trainer = await Trainer.create(engine, normNet(), { ...base, frozen });
    await steps(trainer, 3);
    expect([...(await trainer.statistics()).keys()]).toEqual(["norm2.mean", "norm2.variance"]);
    await trainer.release();
  });

  it("refuses a batch without a variance", async () => {
    const creation = Trainer.create(engine, normNet(), { ...base, batch: 1 });
    await expect(creation).rejects.toThrow(/Node "norm2" .* batch of 1, which has no variance: train with a larger/);
    const trainer = await Trainer.create(engine, normNet(), { ...base, batch: 1, batchNorm: "frozen" });
    await trainer.release();
  });
});

describe("rounds of a network with BatchNormalization", () => {
  const model = normNet();
  const learning = { learningRate: { policy: "constant", rate: 0.02 }, optimizer: base.optimizer, epochs: 2 } as const;
  const target = {
    kind: "density",
    layers: [
      ["conv1", 0.5],
      ["fc1", 0.2],
    ],
  } as const;
  const rounds = [{ name: "train", ...learning, epochs: 3 }, ...pruningRounds(target, 1, learning)];
  const run = (options: Partial<RoundsOptions> = {}) =>
    runRounds(engine, model, data, rounds, { batch: BATCH, seed: 1, ...options });

  it("keep the statistics of the best epoch with its parameters", async () => {
    const { best, results } = await run();
    expect(best.get("norm1.mean")).not.toEqual(model.initializers.get("norm1.mean"));
    const { value } = await evaluate(engine, withParameters(model, best), data, data.validation);
    expect(value).toBe(results[1].validation);
    expect(value).toBeLessThan(10);
    const own = trainableParameters(model);
    const { parameters, nonzero } = countAll(parametersOf(withParameters(model, best), own));
    expect(results[1].density).toBe(nonzero / parameters);
  });

  it("resume to the same bytes", async () => {
    const states: RoundsState[] = [];
    const whole = await run({ onEpoch: (state) => void states.push(state) });
    // In the middle of training, after it, in the middle of retraining.
    for (const state of [states[1], states[3], states[4]]) {
      const resume = decodeCheckpoint(encodeCheckpoint(state, "settings"), "settings", "checkpoint");
      const { best, results } = await run({ resume });
      expect(results).toEqual(whole.results);
      expect(best).toEqual(whole.best);
    }
  });

  it("prune in turn with the others' statistics frozen", async () => {
    const { best: dense } = await runRounds(engine, model, data, rounds.slice(0, 1), { batch: BATCH, seed: 1 });
    const start = withParameters(model, dense);
    const turns = inTurn(pruningRounds(target, 1, learning), ["conv1", "fc1"], start);
    const found: FloatTensor[] = [];
    await runRounds(engine, start, data, turns, {
      batch: BATCH,
      seed: 1,
      onRound: (_, parameters) => void found.push(parameters.get("norm2.mean") as FloatTensor),
    });
    expect(found[0]).toEqual(start.initializers.get("norm2.mean"));
    expect(found[1]).not.toEqual(start.initializers.get("norm2.mean"));
  });

  it("search without counting statistics, through the smaller twin", async () => {
    const { best: dense } = await runRounds(engine, model, data, rounds.slice(0, 1), { batch: BATCH, seed: 1 });
    const start = withParameters(model, dense);
    const plan = searchRounds(engine, start, data, { limit: 100, slack: 0, rate: 4, retrain: learning });
    const { best, results } = await runRounds(engine, start, data, plan, { batch: BATCH, seed: 1 });
    const { parameters, nonzero } = countAll(parametersOf(withParameters(start, best), trainableParameters(start)));
    expect(parameters / nonzero).toBeGreaterThanOrEqual(4);
    const { value } = await evaluate(engine, withParameters(start, best), data, data.validation);
    expect(value).toBe(results.findLast(({ verdict }) => verdict.best)?.validation);
  });
});
