import {
  type CurvePoint,
  compress,
  decode,
  evaluateAgainst,
  readModel,
  shareWithin,
  shareWithoutLabels,
  writeModel,
} from "espalier";
import { nodeEngine } from "espalier/node";
import { beforeAll, describe, expect, it } from "vitest";
import type { Split } from "../../src/data/dataset.ts";
import { A_GUESS } from "../../src/library/share-by-guess.ts";
import { he } from "../../src/onnx/build/initializers.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, type Model } from "../../src/onnx/graph.ts";
import { float32 } from "../../src/onnx/tensor.ts";
import type { Measure } from "../../src/tasks/measure.ts";
import { blobs, trainedBlobNet } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const labelled = blobs();
const data = { ...labelled, targets: [] };
let dense: Model;

beforeAll(async () => {
  dense = await trainedBlobNet(engine, labelled);
});

describe("shareWithin", () => {
  it("finds a small network whose outputs are the same within a loss, and no label is read", async () => {
    const result = await shareWithin(engine, dense, data, { maxLoss: 5, epochs: 2 });
    const { curve, fidelity } = result;
    expect(result.measure.name).toBe("argmax");
    expect(fidelity?.validation).toBeGreaterThanOrEqual(95);
    const { fidelity: test } = await evaluateAgainst(engine, result.model, dense, data);
    expect(fidelity?.test).toBe(test);
    expect(curve.map(({ bytes }) => bytes)).toEqual(curve.map(({ bytes }) => bytes).toSorted((a, b) => a - b));
    for (const { accepted, fidelity } of curve) expect(accepted).toBe(fidelity >= 95);
    expect(result.layers.map(({ name }) => name)).toContain("fc1");
  });

  it("makes the same file of the same seed, imitation and all, and another of another", async () => {
    const made = async (seed: number) => {
      const { contents, curve } = await compress(engine, dense, data, { maxLoss: 5, epochs: 1, seed });
      expect(curve?.some(({ epochs }) => epochs === 1)).toBe(true);
      return contents;
    };
    const first = await made(1);
    expect(await made(1)).toEqual(first);
    expect(await made(2)).not.toEqual(first);
  });

  it("goes on from the points of an earlier run to the same network", async () => {
    const points: CurvePoint[] = [];
    const options = { maxLoss: 5, epochs: 0 };
    const whole = await shareWithin(engine, dense, data, {
      ...options,
      onProgress: (progress) => progress.kind === "curve" && points.push(progress.point),
    });
    let tried = 0;
    const resumed = await shareWithin(engine, dense, data, {
      ...options,
      known: points.slice(0, 4),
      onProgress: ({ kind }) => {
        if (kind === "curve") tried++;
      },
    });
    expect(tried).toBe(points.length - 4);
    expect(writeModel(resumed.model)).toEqual(writeModel(whole.model));
    expect(points.at(-1)?.cut).toBeGreaterThan(0);
    const { model } = await shareWithin(engine, dense, data, { ...options, known: points.slice(0, -1) });
    expect(writeModel(model)).toEqual(writeModel(whole.model));
  });

  it("cuts connections before the others are rounded where that makes the network smaller", async () => {
    const { curve, chosen, model, layers } = await shareWithin(engine, dense, data, { maxLoss: 5, epochs: 0 });
    const smallest = (cut: boolean) =>
      Math.min(...curve.filter((point) => point.accepted && point.cut > 0 === cut).map(({ bytes }) => bytes));
    expect(smallest(true)).toBeLessThan(smallest(false));
    expect(chosen?.bytes).toBe(smallest(true));
    const [kept, all] = [layers.map(({ kept }) => kept), layers.map(({ weights }) => weights)].map((counts) =>
      counts.reduce((sum, count) => sum + count, 0),
    );
    expect(kept / all).toBeCloseTo(chosen?.density ?? 0, 10);
    expect(model.initializers.size).toBe(dense.initializers.size);
  });

  it("passes over what was good enough on validation samples by chance", async () => {
    const notes: string[] = [];
    // A class more or less is 10 points.
    const size = 10;
    const validation: Split = { size, read: (indices, into) => data.validation.read(indices, into) };
    const { curve, chosen } = await shareWithin(
      engine,
      dense,
      { ...data, validation },
      {
        maxLoss: 5,
        epochs: 0,
        onProgress: (progress) => progress.kind === "note" && notes.push(progress.text),
      },
    );
    const byChance = curve.filter(({ accepted, bytes }) => accepted && bytes < (chosen?.bytes ?? 0));
    expect(byChance.length).toBeGreaterThan(0);
    expect(notes.filter((text) => text.includes("good enough by chance"))).toHaveLength(byChance.length);
  });

  it("says once by what outputs are judged, and computes once what they are to be", async () => {
    const notes: string[] = [];
    let read = 0;
    const validation: Split = {
      ...data.validation,
      read(indices, into) {
        read += indices.length;
        return data.validation.read(indices, into);
      },
    };
    const { curve, fidelity } = await shareWithin(
      engine,
      dense,
      { ...data, validation },
      {
        maxLoss: 5,
        epochs: 1,
        onProgress: (progress) => progress.kind === "note" && notes.push(progress.text),
      },
    );
    expect(notes.filter((text) => text.includes("is judged by argmax"))).toHaveLength(1);
    // The first 32 or a batch of them tell what the output is; the reference runs once, each network once.
    expect(read / validation.size).toBe(1 + 1 + curve.length);
    expect(curve.filter(({ accepted }) => accepted).map(({ fidelity }) => fidelity)).toContain(fidelity?.validation);
  });

  it("ends an imitation that comes to nothing, and keeps what was found before", async () => {
    const notes: string[] = [];
    const imitates = () => notes.some((text) => text.startsWith("Imitating"));
    const train: Split = {
      ...data.train,
      async read(indices, into) {
        await data.train.read(indices, into);
        if (into.image && imitates()) into.image[0] = Number.NaN;
      },
    };
    const { curve } = await shareWithin(
      engine,
      dense,
      { ...data, train },
      {
        maxLoss: 5,
        epochs: 3,
        onProgress: (progress) => progress.kind === "note" && notes.push(progress.text),
      },
    );
    expect(notes.join()).toMatch(/The imitation came to a loss of NaN in epoch 1, and ends/);
    expect(curve.every(({ epochs }) => epochs === 0)).toBe(true);
  });

  it("says that few samples tell little, and ends by a signal", async () => {
    const notes: string[] = [];
    const few = { ...data, validation: { ...data.validation, size: 9 } };
    await shareWithin(engine, dense, few, {
      maxLoss: 1,
      epochs: 0,
      onProgress: (progress) => progress.kind === "note" && notes.push(progress.text),
    });
    expect(notes.join()).toMatch(/9 validation samples tell fidelity to ±.* give more samples/);
    const stop = new AbortController();
    stop.abort(new Error("enough"));
    await expect(shareWithin(engine, dense, data, { maxLoss: 1, signal: stop.signal })).rejects.toThrow("enough");
  });
});

/** A measure of the caller's own, whose value is of some unit. */
const own = (unit: string): Measure => ({
  name: "own",
  unit,
  better: "higher",
  tally: () => ({ add() {}, result: () => ({ value: 99, figures: {} }) }),
});

describe("what points of fidelity are", () => {
  it("is percent: another unit is refused, within a loss and without labels", async () => {
    await expect(shareWithin(engine, dense, data, { maxLoss: 1, measure: own("nats") })).rejects.toThrow(
      'A fidelity is in percent, and the measure "own" is in nats: choose a measure in percent.',
    );
    const options = { maxLoss: 1, task: "imitate" } as const;
    await expect(shareWithoutLabels(engine, dense, data, { ...options, measure: own("") })).rejects.toThrow(
      'the measure "own" is without a unit',
    );
  });

  it("is nothing where no sample has anything to compare", async () => {
    // Sigmoids that are all near zero: nothing is above a half, before or after.
    const model = emptyModel("maps");
    model.inputs.push({ name: "image", dtype: "float32", shape: ["batch", 1, 4, 4] });
    const graph = new GraphBuilder(model);
    const weight = graph.initializer("w", he([2, 1, 1, 1], 1, "w"));
    const maps = graph.emit("Conv", ["image", weight, graph.initializer("b", float32([2], Float32Array.of(-50, -50)))]);
    model.outputs.push({ name: graph.emit("Sigmoid", [maps]) });
    await expect(shareWithin(engine, model, data, { maxLoss: 1 })).rejects.toThrow(
      "In none of the 100 validation samples does iou find anything to compare",
    );
    const empty = { ...data, validation: { ...data.validation, size: 0 } };
    await expect(shareWithin(engine, dense, empty, { maxLoss: 1 })).rejects.toThrow(
      "blobs has no validation samples: give some.",
    );
    await expect(evaluateAgainst(engine, dense, dense, { ...data, test: empty.validation })).rejects.toThrow(
      /blobs has no test samples/,
    );
  });
});

describe("compress", () => {
  it("takes that way where only a loss is given with data", async () => {
    const { contents, curve, fidelity } = await compress(engine, dense, data, { maxLoss: 5, epochs: 0 });
    expect(curve?.length).toBeGreaterThan(3);
    const { fidelity: test } = await evaluateAgainst(engine, readModel(decode(contents)), dense, data);
    expect(test).toBe(fidelity?.test);
    expect(contents.length).toBeLessThan((await compress(engine, dense, undefined)).contents.length / 2);
  });

  it("rounds by scales without data, and says that it is a guess", async () => {
    const notes: string[] = [];
    const onProgress = (progress: { readonly kind: string; readonly text?: string }) =>
      progress.kind === "note" && notes.push(progress.text ?? "");
    const result = await compress(engine, dense, undefined, { bits: 4, onProgress });
    expect(notes).toContain(A_GUESS);
    for (const { values } of result.layers) expect(values).toBeLessThanOrEqual(15);
    const near = await evaluateAgainst(engine, readModel(decode(result.contents)), dense, data);
    expect(near.fidelity).toBeGreaterThan(90);
    const byLoss = await compress(engine, dense, undefined, { maxLoss: 1 });
    expect(byLoss.layers.map(({ name }) => name)).toContain("fc2");
    expect((await evaluateAgainst(engine, readModel(decode(byLoss.contents)), dense, data)).fidelity).toBeGreaterThan(
      90,
    );
  });
});
