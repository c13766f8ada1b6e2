import { describe, expect, it } from "vitest";
import { arraySplit } from "../../src/data/array-split.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { compress } from "../../src/library/compress.ts";
import { inspect } from "../../src/library/inspect.ts";
import { pruneByPlan } from "../../src/library/prune-by-plan.ts";
import { pruneWithoutLabels } from "../../src/library/prune-without-labels.ts";
import { isNumericType, zeros } from "../../src/onnx/dtype.ts";
import { fedInputs, type Model } from "../../src/onnx/graph.ts";
import { toFloat32 } from "../../src/onnx/half.ts";
import { readModel } from "../../src/onnx/read.ts";
import { sizeOf } from "../../src/onnx/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { random } from "../../src/random.ts";
import { EXPORTS, readExport } from "../fixtures/exports/read.ts";

const engine = nodeEngine({ threads: 1 });

/** The layers of each, with the weights of each. */
const LAYERS: Readonly<Record<(typeof EXPORTS)[number], Readonly<Record<string, number>>>> = {
  ir3_inputs: { c: 216, fc: 80 },
  convbias_identity: { c: 216, fc: 80 },
  local_function: { w1: 192, w2: 256, fc: 160 },
  fp16_raw: { c: 216, fc: 80 },
  double_model: { w1: 192, fc: 160 },
  uint8_nhwc: { c: 216, fc: 80 },
  tied_embedding: { E: 160, w1: 64 },
  gcn_left: { w: 35, A: 36, v: 70 },
  crop_op9: { c: 216, f: 80 },
  slice_opset9: { fc: 80 },
  tail_slice_op9: { c: 216, f: 60 },
};

/** Random samples for the only input of a network, with random classes. */
function samplesFor(model: Model): Dataset {
  const [{ name, dtype = "float32", shape = [] }] = fedInputs(model);
  const sample = shape.slice(1).map(Number);
  const part = (split: string, size: number) => {
    const { normal, below } = random(1, split);
    const data = zeros(isNumericType(dtype) ? dtype : "float32", size * sizeOf(sample));
    for (let i = 0; i < data.length; i++) {
      if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(below(20));
      else data[i] = dtype === "uint8" ? below(256) : normal();
    }
    const labels = Int32Array.from({ length: size }, () => below(10));
    return arraySplit({ [name]: { values: data, size: sizeOf(sample) }, y: { values: labels, size: 1 } }, 0, size);
  };
  return {
    ...{ name: "random", classes: 10 },
    inputs: [{ name, dtype: isNumericType(dtype) ? dtype : "float32", shape: sample }],
    targets: [{ name: "y", dtype: "int32", shape: [] }],
    ...{ train: part("train", 96), validation: part("validation", 48), test: part("test", 48) },
  };
}

/** The weights of a file that are not zero, of its tensors with two dimensions or more, by element type. */
function kept({ initializers }: Model): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const tensor of initializers.values()) {
    if (tensor.dtype === "string" || tensor.dims.length < 2) continue;
    const data = toFloat32(tensor)?.data ?? [];
    counts[tensor.dtype] = (counts[tensor.dtype] ?? 0) + data.filter((x: number) => x !== 0).length;
  }
  return counts;
}

describe.each(EXPORTS)("%s", (name) => {
  const layers = Object.entries(LAYERS[name]);
  const all = layers.reduce((sum, [, weights]) => sum + weights, 0);

  it("is inspected", async () => {
    const { layers: rows } = await inspect(engine, readExport(name));
    expect(rows.map((row) => [row.name, row.weights])).toEqual(layers);
    for (const { macs } of rows) expect(macs).toBeGreaterThan(0);
  });

  it.each([undefined, "kmeans"] as const)(
    "shares the weights of all layers, in their own type (%s)",
    async (method) => {
      const source = readExport(name);
      const { contents, layers: rows } = await compress(engine, source, undefined, { bits: 5, format: "onnx", method });
      expect(new Map(rows.map((row) => [row.name, row.weights]))).toEqual(new Map(layers));
      for (const { values } of rows) expect(values).toBeLessThanOrEqual(32);
      const { initializers, irVersion } = readModel(contents);
      expect(irVersion).toBe(source.irVersion);
      for (const [key, before] of source.initializers) {
        const after = initializers.get(key);
        expect([after?.dtype, after?.dims]).toEqual([before.dtype, before.dims]);
        if (before.dims.length > 1) expect(after?.data).not.toEqual(before.data);
      }
    },
  );

  it("is rounded within a loss, in its own type", async () => {
    const source = readExport(name);
    const { contents, layers: rows } = await compress(engine, source, samplesFor(source), {
      ...{ maxLoss: 10, epochs: 1, format: "onnx" },
    });
    const rounded = new Map(rows.map((row) => [row.name, row.weights]));
    for (const [layer, weights] of layers) {
      // What is sliced off has no reader, and is gone.
      const left = name === "tail_slice_op9" && layer === "c" ? (3 * weights) / 4 : weights;
      expect([layer, rounded.get(layer)]).toEqual([layer, left]);
    }
    expect(Object.keys(kept(readModel(contents)))).toEqual(Object.keys(kept(source)));
  });

  it.skipIf(name === "tied_embedding")("is pruned without labels", async () => {
    const source = readExport(name);
    const { model } = await pruneWithoutLabels(engine, source, samplesFor(source), { density: { "*": 0.5 } });
    expect(Object.values(kept(readModel(writeModel(model)))).reduce((sum, count) => sum + count, 0)).toBe(
      layers.reduce((sum, [, weights]) => sum + Math.round(weights / 2), 0),
    );
  });

  it.skipIf(name === "gcn_left" || name === "tied_embedding")("is pruned and retrained", async () => {
    const source = readExport(name);
    const { model } = await pruneByPlan(engine, source, samplesFor(source), {
      ...{ density: { "*": 0.5 }, epochs: 1, rounds: 1, batch: 32 },
    });
    const counts = kept(readModel(writeModel(model)));
    expect(Object.keys(counts)).toEqual(Object.keys(kept(source)));
    expect(Object.values(counts)).toEqual([all / 2]);
  });
});
