import {
  compress,
  decode,
  evaluate,
  inspect,
  type Model,
  pruneByPlan,
  pruneWithoutLabels,
  scan,
  train,
  writeModel,
} from "espalier";
import { nodeEngine } from "espalier/node";
import { beforeAll, describe, expect, it } from "vitest";
import { int8ByChannel } from "../../src/experiments/zoo-int8.ts";
import { blobs, trainedBlobNet } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const data = blobs();
let quantized: Model;

beforeAll(async () => {
  quantized = int8ByChannel(await trainedBlobNet(engine, data)).file;
});

describe("a quantized network", () => {
  it("is shown with the type of its weights, and what each takes", async () => {
    const { layers, stored, parameters, obstacles, notes } = await inspect(engine, quantized);
    expect(
      layers.map(({ name, op, type, bytes, weights, macs }) => [name, op, type, bytes === weights, macs === weights]),
    ).toEqual([
      ["int8.fc1", "Gemm", "int8", true, true],
      ["int8.fc2", "Gemm", "int8", true, true],
    ]);
    const weights = layers.reduce((sum, layer) => sum + layer.weights, 0);
    expect(stored.find(({ type }) => type === "int8")).toEqual({
      type: "int8",
      tensors: 2,
      elements: weights,
      bytes: weights,
    });
    expect(parameters).toBeGreaterThan(weights);
    expect(obstacles.join()).toMatch(
      /2 nodes are quantized \(DequantizeLinear\): prune the float model, then quantize it/,
    );
    expect(notes).toEqual([]);
  });

  it("is evaluated, and coded as it is", async () => {
    expect((await evaluate(engine, quantized, data)).value).toBeLessThan(20);
    const { contents } = await compress(engine, quantized, undefined);
    const file = writeModel(quantized);
    expect(Buffer.compare(Buffer.from(await decode(contents)), Buffer.from(file))).toBe(0);
  });

  it.each<[string, () => Promise<unknown>]>([
    ["scanned", () => scan(engine, quantized, data)],
    ["pruned", () => pruneByPlan(engine, quantized, data, { density: { "*": 0.5 }, epochs: 1 })],
    ["pruned by name", () => pruneByPlan(engine, quantized, data, { density: { "int8.fc1": 0.5 }, epochs: 1 })],
    ["pruned without labels", () => pruneWithoutLabels(engine, quantized, data, { rate: 2 })],
    ["shared by bits", () => compress(engine, quantized, undefined, { bits: 4 })],
    ["rounded within a loss", () => compress(engine, quantized, data, { maxLoss: 1 })],
    ["shared by codebooks", () => compress(engine, quantized, data, { bits: 4, epochs: 1 })],
    ["shared without labels", () => compress(engine, quantized, data, { unlabeled: true, maxLoss: 1 })],
    ["trained", () => train(engine, quantized, data, { epochs: 1 })],
  ])("is not %s: a sentence says what to do", async (_, work) => {
    await expect(work()).rejects.toThrow(
      'The weights of "blob-net" are quantized (int8): prune, train or round the float network, and quantize it then',
    );
  });
});
