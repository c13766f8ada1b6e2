import {
  type Criterion,
  type Dataset,
  evaluate,
  isFloat32,
  type Model,
  type Progress,
  pruneByPlan,
  pruneBySearch,
  pruneReport,
  pruneWithoutLabels,
  pruneWithoutLabelsReport,
  scan,
} from "espalier";
import { nodeEngine } from "espalier/node";
import { beforeAll, describe, expect, it } from "vitest";
import { blobs, trainedBlobNet } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const data = blobs();
const retrain = { epochs: 3, batch: 20, optimizer: "adam", learningRate: 0.01 } as const;
let dense: Model;

beforeAll(async () => {
  dense = await trainedBlobNet(engine, data);
});

describe("pruneByPlan", () => {
  it("prunes to densities, and reports it", async () => {
    const result = await pruneByPlan(engine, dense, data, {
      density: { fc1: 0.5, "fc2*": 0.75 },
      rounds: 2,
      ...retrain,
    });
    expect(result.layers.map(({ name, density }) => [name, density])).toEqual([
      ["fc1", 0.5],
      ["fc2", 0.75],
    ]);
    expect(result.rounds).toHaveLength(2);
    expect(result.compressionRate).toBeCloseTo(256 / (96 + 36 + 16), 6);
    expect((await evaluate(engine, result.model, data)).value).toBe(result.pruned.test);
    const page = await pruneReport(engine, data, result, { title: "blobs", command: "pruneByPlan(...)" });
    expect(page).toContain("pruneByPlan(...)");
    expect(page).toContain("How sensitive each layer is");
    expect(page).toContain("with one layer alone pruned");
  });

  it("is reported without what takes longer to measure than it did itself, and not after a signal", async () => {
    const result = await pruneByPlan(engine, dense, data, { density: { fc1: 0.5 }, rounds: 1, ...retrain });
    const how = { title: "blobs", command: "pruneByPlan(...)" };
    const many = { ...data, validation: { ...data.validation, size: 2 ** 32 } };
    const page = await pruneReport(engine, many, result, how);
    expect(page).toContain("would have taken longer than the pruning did");
    const work: string[] = [];
    const onProgress = (progress: Progress) => progress.kind === "work" && work.push(progress.what);
    await pruneReport(engine, data, result, { ...how, onProgress });
    expect(new Set(work)).toEqual(new Set(["Scanning layers"]));
    const signal = AbortSignal.abort();
    await expect(pruneReport(engine, data, result, { ...how, signal })).rejects.toBe(signal.reason);
  });

  it("keeps what the user's own criterion scores highest", async () => {
    const first: Criterion = {
      source: "this test",
      score: ({ data }) => data.map((_, i) => data.length - i),
    };
    const options = { density: { fc1: 0.25 }, rounds: 1, ...retrain, criterion: first };
    const { model } = await pruneByPlan(engine, dense, data, options);
    const tensor = model.initializers.get("fc1.weight");
    const kept = isFloat32(tensor) ? Array.from(tensor.data, (weight) => weight !== 0) : [];
    expect(kept).toEqual(Array.from({ length: 192 }, (_, i) => i < 48));
  });

  it("cuts what is zero in another network", async () => {
    const first = await pruneByPlan(engine, dense, data, { rate: 3, rounds: 1, ...retrain });
    const second = await pruneByPlan(engine, dense, data, { maskOf: first.model, ...retrain });
    expect(second.nonzero).toBe(first.nonzero);
  });

  it.each<[string, object, RegExp]>([
    ["no target", {}, /give one of rate, density, quality and maskOf\./],
    ["two targets", { rate: 2, density: { fc1: 0.5 } }, /give one of rate, density/],
    ["a criterion that is none", { rate: 2, criterion: "magnitud" }, /did you mean magnitude\?/],
    ["qualities for another criterion", { quality: { fc1: 1 }, criterion: "random" }, /quality is for magnitudes/],
    ["a loss, which a search is for", { maxLoss: 1 }, /no option "maxLoss" here/],
    ["text for densities", { density: "fc1" }, /"density" is not valid/],
  ])("refuses %s", async (_, options, message) => {
    await expect(pruneByPlan(engine, dense, data, options)).rejects.toThrow(message);
  });
});

describe("pruneBySearch", () => {
  it("looks for a small network within a loss, each better one given at once", async () => {
    const found: Model[] = [];
    const options = { maxLoss: 5, ...retrain, onBest: (model: Model) => void found.push(model) };
    const result = await pruneBySearch(engine, dense, data, options);
    expect(result.compressionRate).toBeGreaterThan(1.5);
    expect(result.pruned.validation).toBeLessThanOrEqual(result.baseline.validation + 5);
    expect(found.at(-1)?.initializers).toEqual(result.model.initializers);
  });

  it("refuses to search for nothing", async () => {
    await expect(pruneBySearch(engine, dense, data, {})).rejects.toThrow(/give maxLoss, rate or both/);
  });
});

describe("pruneWithoutLabels", () => {
  /** Samples without labels: whoever reads one fails. */
  const unlabeled: Dataset = { ...data, targets: [], classes: undefined };

  it("fits what is left, reads no label, and reports it", async () => {
    const result = await pruneWithoutLabels(engine, dense, unlabeled, { rate: 1.5 });
    expect(result.compressionRate).toBeGreaterThanOrEqual(1.49);
    expect([result.baseline, result.pruned]).toEqual([null, null]);
    expect(result.agreement.test.agreement).toBeGreaterThan(80);
    const page = pruneWithoutLabelsReport(result, { title: "blobs", command: "pruneWithoutLabels(...)" });
    expect(page).toContain("pruned without labels");
  });

  it("ends by a signal", async () => {
    const stop = new AbortController();
    const options = { maxLoss: 1, signal: stop.signal, onProgress: () => stop.abort() };
    await expect(pruneWithoutLabels(engine, dense, unlabeled, options)).rejects.toThrow(/abort/i);
  });
});

describe("scan", () => {
  it("measures each layer, and ends by a signal", async () => {
    const densities = [1, 0.5, 0.1];
    const { layers, cost } = await scan(engine, dense, data, { densities });
    expect(layers.map(({ name, points }) => [name, points.length])).toEqual([
      ["fc1", 3],
      ["fc2", 3],
    ]);
    expect(cost.withoutReuse).toBe(6);
    const one = await scan(engine, dense, data, { densities, layers: ["fc2"] });
    expect(one.layers).toEqual([layers[1]]);
    const stop = new AbortController();
    stop.abort(new Error("enough"));
    await expect(scan(engine, dense, data, { densities, signal: stop.signal })).rejects.toThrow("enough");
  });
});
