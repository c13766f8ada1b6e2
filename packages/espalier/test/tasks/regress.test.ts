import { describe, expect, it } from "vitest";
import { adopt } from "../../src/adoption/adopt.ts";
import { arraySplit } from "../../src/data/array-split.ts";
import type { Dataset, TensorSpec } from "../../src/data/dataset.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { pruneByPlan } from "../../src/library/prune-by-plan.ts";
import { pruneBySearch } from "../../src/library/prune-by-search.ts";
import { pruneReport } from "../../src/library/report.ts";
import { train } from "../../src/library/train.ts";
import { dense, relu, sigmoid, softmax } from "../../src/onnx/build/layers.ts";
import { sequential } from "../../src/onnx/build/sequential.ts";
import { random } from "../../src/random.ts";
import { taskFor } from "../../src/tasks/index.ts";
import { evaluate } from "../../src/training/evaluate.ts";

const engine = nodeEngine({ threads: 1 });
const INPUTS = 4;

/** Samples of uniform inputs, and what a function says of each. */
function generated(outputs: number, of: (x: Float32Array) => readonly number[]): Dataset {
  const part = (name: string, size: number) => {
    const { uniform } = random(1, "regress", name);
    const x = Float32Array.from({ length: size * INPUTS }, uniform);
    const y = new Float32Array(size * outputs);
    for (let i = 0; i < size; i++) y.set(of(x.subarray(i * INPUTS, (i + 1) * INPUTS)), i * outputs);
    return arraySplit({ x: { values: x, size: INPUTS }, y: { values: y, size: outputs } }, 0, size);
  };
  const spec = (name: string, size: number): TensorSpec => ({ name, dtype: "float32", shape: [size] });
  return {
    name: "generated",
    inputs: [spec("x", INPUTS)],
    targets: [spec("y", outputs)],
    train: part("train", 600),
    validation: part("validation", 200),
    test: part("test", 200),
  };
}

const values = generated(2, (x) => [x[0] * x[1] + x[2], Math.abs(x[3] - 0.5)]);
const net = (outputs: number, ...end: ReturnType<typeof relu>[]) =>
  sequential([dense(24), relu(), dense(outputs), ...end], { name: "net", input: [INPUTS], seed: 1 });
const how = { optimizer: "adam", l2: 0, learningRate: 0.01, policy: "cosine", batch: 20 } as const;
const trained = train(engine, net(2), values, { ...how, epochs: 12 });

/** The mean squared error by the definition, from the network's own outputs. */
async function meanSquaredError(model: Awaited<typeof trained>["model"], part: "validation" | "test"): Promise<number> {
  const program = await engine.compile(model);
  const split = values[part];
  const [x, y] = [new Float32Array(split.size * INPUTS), new Float32Array(split.size * 2)];
  await split.read([...Array(split.size).keys()], { x, y });
  const outputs = await program.run({
    [model.inputs[0].name]: { dtype: "float32", dims: [split.size, INPUTS], data: x },
  });
  await program.release();
  const { data } = outputs[model.outputs[0].name];
  return y.reduce((sum, t, i) => sum + (Number(data[i]) - t) ** 2, 0) / y.length;
}

describe("a regression", () => {
  it("is what float targets are for, and is trained and judged by the mean squared error", async () => {
    const { model, measure, validation, test } = await trained;
    expect(measure).toMatchObject({ name: "mean-squared-error", better: "lower" });
    expect(validation).toBeCloseTo(await meanSquaredError(model, "validation"), 6);
    expect(test).toBeCloseTo(await meanSquaredError(model, "test"), 6);
    const untrained = await evaluate(engine, net(2), values, values.test);
    expect(test).toBeLessThan(untrained.value / 20);
    expect(untrained.loss).toBeCloseTo(untrained.value, 6);
  });

  it("is pruned by rate, and reported in its own measure", async () => {
    const { model } = await trained;
    const result = await pruneByPlan(engine, model, values, { ...how, rate: 3, rounds: 1, epochs: 10 });
    expect(result.compressionRate).toBeCloseTo(3, 0);
    expect(result.pruned.test).toBeCloseTo(await meanSquaredError(result.model, "test"), 6);
    const [{ pruned = 0, validation }] = result.rounds;
    expect(validation).toBeLessThan(pruned);
    const page = await pruneReport(engine, values, result, { title: "net", command: "test" });
    expect(page).toContain("validation mean squared error");
    expect(page).not.toContain("validation error");
  });

  it("is searched within a loss in the measure's own unit", async () => {
    const { model, validation } = await trained;
    const result = await pruneBySearch(engine, model, values, { ...how, maxLoss: 0.004, rate: 2.5, epochs: 3 });
    expect(result.compressionRate).toBeGreaterThan(1.2);
    expect(result.pruned.validation).toBeLessThanOrEqual(validation + 0.004);
    for (const { verdict, validation: value } of result.rounds) {
      expect(verdict.best).toBe(value <= validation + 0.004);
    }
  });

  it("takes distributions before their Softmax, and labels before their Sigmoid", async () => {
    const soft = generated(2, (x) => (x[0] > x[1] ? [0.9, 0.1] : [0.2, 0.8]));
    const byClass = await train(engine, net(2, softmax()), soft, { ...how, loss: "cross-entropy", epochs: 12 });
    expect(byClass.measure.name).toBe("error");
    expect(byClass.test).toBeLessThan(10);
    const labels = generated(3, (x) => [x[0], x[1], x[2]].map((v) => (v > 0.5 ? 1 : 0)));
    const byLabel = await train(engine, net(3, sigmoid()), labels, {
      ...how,
      loss: "binary-cross-entropy",
      epochs: 12,
    });
    expect(byLabel.measure.name).toBe("label-error");
    expect(byLabel.test).toBeLessThan(10);
    expect(byLabel.model.nodes.at(-1)?.op).toBe("Sigmoid");
  });

  it("is refused where shapes, tasks or measures do not go together", async () => {
    await expect(train(engine, net(3), values, how)).rejects.toThrow(/no output of float32 values \[batch, 2\]/);
    await expect(train(engine, net(2), values, { ...how, task: "classify" })).rejects.toThrow(
      /choose the task regress/,
    );
    expect(() => taskFor(values, { measure: "bits-per-character" })).toThrow(
      /regress is not judged by "bits-per-character": choose mean-squared-error/,
    );
    expect(() => taskFor(values, { task: "guess" })).toThrow(/no task "guess"/);
  });

  it("is refused where the targets make no sense by its loss", async () => {
    const one = generated(1, (x) => [x[0]]);
    await expect(train(engine, net(1), one, { ...how, loss: "cross-entropy" })).rejects.toThrow(
      /has one column, and cross-entropy tells two classes or more apart/,
    );
    const twice = generated(2, () => [1, 1]);
    await expect(train(engine, net(2), twice, { ...how, loss: "cross-entropy" })).rejects.toThrow(
      /targets "y" of sample 0 of generated sum to 2, and cross-entropy needs distributions/,
    );
    const far = generated(2, (x) => [x[0] > 0.99 ? 3 : 0, 1]);
    await expect(train(engine, net(2), far, { ...how, loss: "binary-cross-entropy" })).rejects.toThrow(
      /of sample \d+ of generated hold 3, and binary-cross-entropy needs numbers from 0 to 1/,
    );
    const validation = { ...generated(2, () => [0.5, 0.5]), validation: twice.validation };
    await expect(train(engine, net(2), validation, { ...how, loss: "cross-entropy", epochs: 1 })).rejects.toThrow(
      /sum to 2/,
    );
  });

  it("is refused where inputs, targets or outputs are not finite, by the tensor and the sample", async () => {
    const bad = generated(2, (x) => [x[0], x[1] > 0.99 ? Number.NaN : x[1]]);
    await expect(train(engine, net(2), bad, how)).rejects.toThrow(/targets "y" of sample \d+ of generated hold NaN/);
    await expect(train(engine, net(2), { ...values, validation: bad.train }, how)).rejects.toThrow(/hold NaN/);
    await expect(evaluate(engine, net(2), bad, bad.train)).rejects.toThrow(/targets "y" .* hold NaN/);
    const endless = generated(2, (x) => {
      if (x[0] > 0.99) x[3] = Number.POSITIVE_INFINITY;
      return [x[0], x[1]];
    });
    await expect(evaluate(engine, net(2), endless, endless.train)).rejects.toThrow(/inputs "x" .* hold Infinity/);
    const broken = net(2);
    for (const { data } of broken.initializers.values()) if (data instanceof Float32Array) data.fill(Number.NaN);
    await expect(evaluate(engine, broken, values, values.test)).rejects.toThrow(/outputs of the network "net" are not/);
    await expect(train(engine, broken, values, how)).rejects.toThrow(/fc1\.weight\[0,0\] is NaN/);
  });

  it("is judged by another measure, or by one of the user's where more is better", async () => {
    const { model } = await trained;
    const { model: adopted } = await adopt(engine, model, { data: values, form: taskFor(values).form });
    const absolute = await evaluate(
      engine,
      adopted,
      values,
      values.test,
      taskFor(values, { measure: "mean-absolute-error" }),
    );
    expect(absolute.value ** 2).toBeLessThan((await evaluate(engine, adopted, values, values.test)).value);
    let batches = 0;
    const within = {
      name: "batches",
      unit: "",
      better: "higher",
      tally: () => ({ add: () => void batches++, result: () => ({ value: batches, figures: {} }) }),
    } as const;
    const counted = await train(engine, net(2), values, { ...how, epochs: 3, measure: within });
    // Every batch that is counted makes the measure better: the last epoch is the best.
    expect(counted.bestEpoch).toBe(3);
  });
});
