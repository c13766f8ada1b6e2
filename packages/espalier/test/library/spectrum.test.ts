import { compress, type Dataset, decode, encode, evaluateAgainst, readModel, shareWithin } from "espalier";
import { nodeEngine } from "espalier/node";
import { describe, expect, it } from "vitest";
import { ints } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, type Model } from "../../src/onnx/graph.ts";
import { float32 } from "../../src/onnx/tensor.ts";
import { random } from "../../src/random.ts";
import { blobs, trainedBlobNet } from "../blobs.ts";
import { windowedBasis } from "../windowed-basis.ts";

const engine = nodeEngine({ threads: 1 });
const [BINS, SIZE, BANDS, SAMPLES] = [33, 64, 4, 160];

/** A spectrum of which bands read the bins from 2 to 21: as two convolutions and a product. */
function spectrum(): Model {
  const model = emptyModel("spectrum");
  model.inputs.push({ name: "audio", dtype: "float32", shape: ["batch", "samples"] });
  const graph = new GraphBuilder(model);
  const wave = graph.emit("Unsqueeze", ["audio", graph.ints([1])]);
  const parts = [Math.cos, Math.sin].map((part, i) => {
    const basis = graph.initializer(`basis${i}`, windowedBasis(part, BINS, SIZE));
    const found = graph.emit("Conv", [wave, basis], { strides: ints([16]) });
    return graph.emit("Mul", [found, found]);
  });
  const power = graph.emit("Transpose", [graph.emit("Add", parts)], { perm: ints([0, 2, 1]) });
  const bands = float32([BINS, BANDS]);
  for (let bin = 2; bin < 22; bin++) bands.data[bin * BANDS + Math.floor((bin - 2) / 5)] = 1 + (bin % 5) / 4;
  model.outputs.push({ name: graph.emit("MatMul", [power, graph.initializer("bands", bands)]) });
  return model;
}

function tones(): Dataset {
  const split = (name: string, size: number) => ({
    size,
    read(indices: ArrayLike<number>, { audio }: Record<string, unknown>) {
      if (!(audio instanceof Float32Array)) return;
      for (let i = 0; i < indices.length; i++) {
        const { normal, uniform } = random(indices[i], "tones", name);
        const pitch = 3 * uniform();
        for (let n = 0; n < SAMPLES; n++) audio[i * SAMPLES + n] = Math.sin(pitch * n) + 0.3 * normal();
      }
    },
  });
  return {
    name: "tones",
    inputs: [{ name: "audio", dtype: "float32", shape: [SAMPLES] }],
    targets: [],
    train: split("train", 60),
    validation: split("validation", 30),
    test: split("test", 30),
  };
}

describe("a frontend of Fourier bases within a relative error of a thousandth", () => {
  it("loses the bins that no band reads, and takes what follows from the first ones as it is expected", async () => {
    const notes: string[] = [];
    const source = spectrum();
    const data = tones();
    const { model, fidelity, layers, measure } = await shareWithin(engine, source, data, {
      maxLoss: 0.1,
      onProgress: (progress) => progress.kind === "note" && notes.push(progress.text),
    });
    expect(notes.join("\n")).toContain("Dead units are gone: ");
    expect(model.initializers.get("basis0")?.dims).toEqual([20, 1, SIZE]);
    expect(model.initializers.get("bands")?.dims).toEqual([20, BANDS]);
    expect(model.inputs).toEqual(source.inputs);
    expect(measure.name).toBe("relative-error");
    expect(layers.map(({ weights }) => weights)).toContain(20 * SIZE);
    const { outputs } = await evaluateAgainst(engine, model, source, data);
    expect(outputs[0].relativeError).toBeLessThan(1e-3);
    expect(fidelity?.test).toBeCloseTo(100 * (1 - outputs[0].relativeError), 9);
    // Half of three rows begin each basis; the rest of its twenty rows is foretold.
    expect(encode(model).length).toBeLessThan(0.45 * encode(source).length);
  });
});

describe("weights that were made small before", () => {
  it("stay as they are where rounding them takes more", async () => {
    const labelled = blobs();
    const data = { ...labelled, targets: [] };
    const dense = await trainedBlobNet(engine, labelled);
    const small = readModel(decode((await compress(engine, dense, data, { maxLoss: 20, epochs: 0 })).contents));
    const exact = (await compress(engine, small, undefined)).contents;
    const notes: string[] = [];
    const onProgress = (progress: { readonly kind: string; readonly text?: string }) =>
      progress.kind === "note" && notes.push(progress.text ?? "");
    for (const [given, options] of [
      [data, { maxLoss: 0.01, measure: "relative-error", epochs: 0 }],
      [undefined, { bits: 8 }],
    ] as const) {
      const again = await compress(engine, small, given, { ...options, onProgress });
      expect(again.contents).toEqual(exact);
      expect(again.layers).toEqual([]);
      expect(notes.splice(0).join()).toMatch(/The weights stay as they came|can be rounded within that loss/);
    }
  });
});
