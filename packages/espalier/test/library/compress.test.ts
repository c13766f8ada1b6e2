import {
  compact,
  compress,
  type Dataset,
  decode,
  evaluate,
  inspect,
  isFloat32,
  type Model,
  pruneByPlan,
  readModel,
  readModelFile,
  shareWeights,
  shareWithoutLabels,
  writeModel,
} from "espalier";
import { nodeEngine } from "espalier/node";
import { beforeAll, describe, expect, it } from "vitest";
import { blobs, trainedBlobNet } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const data = blobs();
let dense: Model;

beforeAll(async () => {
  dense = await trainedBlobNet(engine, data);
});

function distinct(model: Model, name: string): number {
  const tensor = model.initializers.get(name);
  return isFloat32(tensor) ? new Set(tensor.data).size : 0;
}

describe("shareWeights", () => {
  it("shares by bits, and trains the values", async () => {
    const result = await shareWeights(engine, dense, data, { bits: { "fc*": 3 }, batch: 20 });
    expect(result.layers.map(({ name, values }) => [name, values])).toEqual([
      ["fc1", 8],
      ["fc2", 8],
    ]);
    expect(distinct(result.model, "fc1.weight")).toBe(8);
    expect(result.labels).toBe("given");
    expect((await evaluate(engine, result.model, data)).value).toBe(result.shared?.test);
  });

  it("shares without data, as the method chose the values", async () => {
    const { model, baseline } = await shareWeights(engine, dense, undefined, { bits: 2, biasBits: 4 });
    expect([distinct(model, "fc1.weight"), baseline]).toEqual([4, undefined]);
  });

  it("looks for the coarsest sharing within a loss", async () => {
    const result = await shareWeights(engine, dense, data, { maxLoss: 3, epochs: 1, batch: 20 });
    const { baseline, shared } = result;
    expect(shared?.validation).toBeLessThanOrEqual((baseline?.validation ?? 0) + 3);
    expect(distinct(result.model, "fc1.weight")).toBeLessThan(192);
  });

  it("ends by a signal, and refuses what does not go together", async () => {
    const stop = new AbortController();
    stop.abort(new Error("enough"));
    const options = { bits: 3, batch: 20, signal: stop.signal };
    await expect(shareWeights(engine, dense, data, options)).rejects.toThrow("enough");
    await expect(shareWeights(engine, dense, data, {})).rejects.toThrow(/give bits, maxLoss, or lambda/);
    await expect(shareWeights(engine, dense, undefined, { bits: 3, epochs: 1 })).rejects.toThrow(/give data\./);
    await expect(shareWeights(engine, dense, data, { bits: { fc1: 12 } })).rejects.toThrow(/whole numbers from 1 to 8/);
  });
});

describe("shareWithoutLabels", () => {
  it("keeps the outputs, without a label", async () => {
    const unlabeled: Dataset = { ...data, targets: [], classes: undefined };
    const result = await shareWithoutLabels(engine, dense, unlabeled, { lambda: 0.001 });
    expect(result.labels).toBe("own");
    expect(result.agreement?.agreement).toBeGreaterThan(90);
    expect(distinct(result.model, "fc1.weight")).toBeLessThan(192);
    await expect(shareWithoutLabels(engine, dense, unlabeled, { lambda: 1, maxLoss: 1 })).rejects.toThrow(
      /maxLoss finds the price of a bit by itself: leave out lambda\./,
    );
  });
});

describe("compress and decode", () => {
  it("give the file again, to the byte", async () => {
    const file = writeModel(dense);
    const { contents, layers } = await compress(engine, readModelFile(file), undefined);
    expect(layers).toEqual([]);
    expect(Buffer.from(decode(contents)).equals(file)).toBe(true);
    const again = readModelFile(contents);
    expect(again.coded?.tensors.map(({ name }) => name)).toContain("fc1.weight");
    expect(again.model.initializers).toEqual(dense.initializers);
  });

  it("share first where that is asked for, and write the form that is", async () => {
    const shared = await compress(engine, dense, data, { bits: 3, epochs: 1, batch: 20, mode: "huffman" });
    const plain = await compress(engine, dense, undefined);
    expect(shared.contents.length).toBeLessThan(plain.contents.length);
    const model = readModel(decode(shared.contents));
    expect((await evaluate(engine, model, data)).value).toBe(shared.shared?.test);
    const gathered = await compress(engine, model, undefined, { format: "gather" });
    expect(readModel(gathered.contents).nodes.map(({ op }) => op)).toContain("Gather");
  });

  it("refuse options that nothing would read", async () => {
    await expect(compress(engine, dense, data)).rejects.toThrow(/data is about sharing, which nothing asks for/);
    await expect(compress(engine, dense, undefined, { biasBits: 4 })).rejects.toThrow(/give bits or maxLoss too/);
    await expect(compress(engine, dense, data, { unlabeled: true, bits: 3 })).rejects.toThrow(/leave out bits\./);
    await expect(compress(engine, dense, data, { unlabeled: true, batch: 3 })).rejects.toThrow(/leave out batch\./);
  });
});

describe("inspect and compact", () => {
  it("tell what is left, and take out what is dead", async () => {
    const how = { epochs: 1, batch: 20, rounds: 1 };
    const { model } = await pruneByPlan(engine, dense, data, { density: { fc1: 0.05, fc2: 0.2 }, ...how });
    const about = await inspect(engine, model, { data });
    expect(about).toMatchObject({ parameters: 256, obstacles: [], inputs: [{ shape: ["batch", 1, 4, 4] }] });
    expect(about.density).toBe(about.nonzero / 256);
    expect(about.layers[0].activations).toBeGreaterThan(0);
    const small = await compact(engine, model);
    expect(small.layers[0]).toMatchObject({ name: "fc1", before: 12 });
    expect(small.layers[0].after).toBeLessThan(12);
    expect(small.difference).toBeLessThan(1e-5);
    expect(small.parameters).toBeLessThan(256);
  });
});
