import { beforeAll, describe, expect, it } from "vitest";
import { annotate } from "../../../src/engine/annotate.ts";
import { nodeEngine } from "../../../src/engine/node.ts";
import { int, ints } from "../../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../../src/onnx/builder.ts";
import { emptyModel, type Model } from "../../../src/onnx/graph.ts";
import { float32, floatsOf, isFloat32, sizeOf } from "../../../src/onnx/tensor.ts";
import { layersOf } from "../../../src/operators/layers.ts";
import { random } from "../../../src/random.ts";
import { linearLayer } from "../../../src/reconstruction/linear.ts";
import { guessed } from "../../../src/sharing/scaled/guess.ts";
import { inBits } from "../../../src/sharing/scaled/in-bits.ts";
import { blocksOf } from "../../../src/sharing/scaled/looks.ts";
import { bytesOf, scaledParameters } from "../../../src/sharing/scaled/rounded.ts";
import { Scaler } from "../../../src/sharing/scaled/scale-network.ts";
import { type Statistics, statisticsOf } from "../../../src/sharing/scaled/statistics.ts";
import { withParameters } from "../../../src/training/parameters.ts";
import { blobs, trainedBlobNet } from "../../blobs.ts";
import { scaledOf } from "./scaled-of.ts";

const engine = nodeEngine({ threads: 1 });
const data = blobs();

const filled = (dims: readonly number[], name: string) => {
  const tensor = float32(dims);
  random(4, name).fillNormal(tensor.data, 1);
  return tensor;
};

/** A network of one layer. */
function single(op: string, input: readonly number[], weight: readonly number[], attributes = {}, left = false): Model {
  const model = emptyModel(op);
  model.inputs.push({ name: "x", dtype: "float32", shape: input });
  const graph = new GraphBuilder(model);
  const w = graph.initializer("w", filled(weight, op));
  model.outputs.push({ name: graph.emit(op, left ? [w, "x"] : ["x", w], attributes) });
  return model;
}

describe("what rows compute", () => {
  const layers: readonly (readonly [string, Model])[] = [
    ["convolution", single("Conv", [2, 4, 9, 7], [6, 2, 3, 3], { group: int(2), strides: ints([2, 1]) })],
    ["convolution of many places", single("Conv", [1, 2, 70, 50], [3, 2, 3, 3], { pads: ints([1, 1, 1, 1]) })],
    ["transposed convolution", single("ConvTranspose", [2, 4, 5, 5], [4, 3, 2, 2], { strides: ints([2, 2]) })],
    ["matrix from the right", single("MatMul", [2, 5, 4], [4, 3])],
    ["matrix from the left", single("MatMul", [2, 5, 4], [3, 5], {}, true)],
    ["Gemm", single("Gemm", [5, 4], [3, 4], { transB: int(1) })],
  ];

  it.each(layers)("is looked at in a known part of all places: %s", async (_, model) => {
    const typed = await annotate(engine, model, {});
    const [layer] = layersOf(typed);
    const linear = linearLayer(typed, layer);
    if (!linear) throw new Error("not linear");
    const graph = new GraphBuilder(typed);
    const most = [linear, linear.sparser?.(20) ?? linear, linear.sparser?.(2 ** 20) ?? linear];
    const unfolded = most.map(({ unfold }) => unfold(graph, linear.input));
    typed.outputs.push(...unfolded.map((name) => ({ name, dtype: "float32" as const, shape: [] })));
    const program = await engine.compile({ ...typed });
    const [input] = model.inputs;
    const results = await program.run({ x: filled((input.shape ?? []).map(Number), "input") });
    await program.release();
    const [usual, sparse, all] = unfolded.map((name) => results[name].dims[1]);
    const [ownPart = 1, sparsePart = 1] = most.map(({ part }) => part);
    expect(usual / all).toBeCloseTo(ownPart, 10);
    expect(sparse / all).toBeCloseTo(sparsePart, 10);
  });

  it("keeps the rows of a short axis, and thins out the long one", async () => {
    const typed = await annotate(engine, single("Conv", [1, 1, 3, 96], [2, 1, 1, 1]), {});
    const [layer] = layersOf(typed);
    const sparse = linearLayer(typed, layer)?.sparser?.(100);
    const graph = new GraphBuilder(typed);
    typed.outputs.push({ name: sparse?.unfold(graph, "x") ?? "", dtype: "float32", shape: [] });
    const program = await engine.compile({ ...typed });
    const x = Float32Array.from({ length: 3 * 96 }, (_, i) => Math.floor(i / 96));
    const results = await program.run({ x: float32([1, 1, 3, 96], x) });
    await program.release();
    const seen = floatsOf(results[typed.outputs[1].name]);
    expect(seen).toHaveLength(96);
    expect(new Set(seen)).toEqual(new Set([0, 1, 2]));
  });

  it.each(layers)("is arranged as what they look at: %s", async (_, model) => {
    const typed = await annotate(engine, model, {});
    const [layer] = layersOf(typed);
    const linear = linearLayer(typed, layer);
    if (!linear?.arrange) throw new Error("not linear");
    const graph = new GraphBuilder(typed);
    const places = linear.unfold(graph, linear.input);
    const arranged = linear.arrange(graph, typed.outputs[0].name);
    typed.outputs.push(...[places, arranged].map((name) => ({ name, dtype: "float32" as const, shape: [] })));
    const program = await engine.compile({ ...typed });
    const [input] = model.inputs;
    const shape = (input.shape ?? []).map(Number);
    const results = await program.run({ x: filled(shape, "input") });
    await program.release();
    const { groups, rows, columns } = linear;
    const [seen, made] = [places, arranged].map((name) => floatsOf(results[name]));
    const matrices = linear.matrices(layer.tensor);
    const count = seen.length / (groups * columns);
    expect(made).toHaveLength(groups * count * rows);
    expect(count).toBeLessThanOrEqual(1024 * shape[0]);
    for (let g = 0; g < groups; g++) {
      for (let p = 0; p < count; p += 7) {
        for (let r = 0; r < rows; r++) {
          let sum = 0;
          for (let c = 0; c < columns; c++) {
            sum += matrices[(g * rows + r) * columns + c] * seen[(g * count + p) * columns + c];
          }
          expect(made[(g * count + p) * rows + r]).toBeCloseTo(sum, 3);
        }
      }
    }
  });
});

describe("a scaled network", () => {
  let net: Model;
  let statistics: Statistics;

  beforeAll(async () => {
    net = await trainedBlobNet(engine, data);
    statistics = await statisticsOf(engine, net, data, { batch: 20, seed: 1, kinds: ["scores"] });
  });

  /** The mean squared difference of the scores on validation samples. */
  async function difference(other: Model): Promise<number> {
    const count = 100;
    const image = float32([count, 1, 4, 4]);
    data.validation.read(
      Uint32Array.from({ length: count }, (_, i) => i),
      { image: image.data },
    );
    const scores: Float32Array[] = [];
    for (const model of [net, other]) {
      const program = await engine.compile(model);
      scores.push(floatsOf((await program.run({ [model.inputs[0].name]: image }))[model.outputs[0].name]));
      await program.release();
    }
    return scores[0].reduce((sum, value, i) => sum + (value - scores[1][i]) ** 2, 0) / scores[0].length;
  }

  it("has whole numbers times scales for all that is learned, the coarser the more a bit costs", async () => {
    const scaler = new Scaler(statistics);
    const [fine, coarse] = [await scaler.scale(1e-3), await scaler.scale(1)];
    expect([...fine.keys()].sort()).toEqual(["fc1.bias", "fc1.weight", "fc2.bias", "fc2.weight"]);
    expect(bytesOf(coarse)).toBeLessThan(0.7 * bytesOf(fine));
    for (const name of coarse.keys()) {
      const { scales, codes, inner, dims } = scaledOf(coarse, name);
      const tensor = scaledParameters(coarse).get(name);
      expect(codes).toHaveLength(sizeOf(dims));
      expect(tensor?.data[3]).toBe(scales[Math.floor(3 / inner) % scales.length] * codes[3]);
    }
    const errors = [];
    for (const scaling of [fine, coarse]) errors.push(await difference(withParameters(net, scaledParameters(scaling))));
    expect(errors[0]).toBeLessThan(errors[1]);
  });

  it("is nearer to what it was than one of the same size that was rounded without inputs", async () => {
    const known = await new Scaler(statistics).scale(0.1);
    let price = 1e-4;
    while (bytesOf(guessed(net, price)) > bytesOf(known)) price *= 1.2;
    const blind = guessed(net, price);
    expect(bytesOf(blind)).toBeGreaterThan(0.9 * bytesOf(known));
    expect(await difference(withParameters(net, scaledParameters(known)))).toBeLessThan(
      await difference(withParameters(net, scaledParameters(blind))),
    );
  });

  it("is the same for the same seed", async () => {
    const again = await statisticsOf(engine, net, data, { batch: 20, seed: 1, kinds: ["scores"] });
    expect(await new Scaler(again).scale(0.1)).toEqual(await new Scaler(statistics).scale(0.1));
  });

  it("keeps zeros where connections are cut", async () => {
    const weight = net.initializers.get("fc1.weight");
    if (!isFloat32(weight)) throw new Error("no weights");
    const cut = float32(
      weight.dims,
      weight.data.map((w, i) => (i % 3 === 0 ? w : 0)),
    );
    const layers = new Map(
      Array.from(statistics.layers, ([name, own]) => [
        name,
        name === "fc1.weight" ? { ...own, layer: { ...own.layer, tensor: cut } } : own,
      ]),
    );
    const { codes } = scaledOf(await new Scaler({ ...statistics, layers }).scale(1e-3), "fc1.weight");
    expect([...codes].every((code, i) => i % 3 === 0 || code === 0)).toBe(true);
    expect([...codes].filter((code) => code !== 0).length).toBeGreaterThan(30);
  });

  it("takes codes of so many bits where bits are given", () => {
    const scaling = inBits(net, (name) => (name === "fc1.weight" ? 3 : undefined));
    expect([...scaling.keys()]).toEqual(["fc1.weight"]);
    const { codes = new Int16Array(), scales = [] } = scaling.get("fc1.weight") ?? {};
    expect(Math.max(...codes.map(Math.abs))).toBe(3);
    expect(scales.length).toBeGreaterThan(1);
  });
});

describe("outputs in another shape than their Softmax", () => {
  const classifier = (behind: (graph: GraphBuilder, probabilities: string) => string, softmax = "Softmax") => {
    const model = emptyModel("classifier");
    model.inputs.push({ name: "x", dtype: "float32", shape: ["batch", 1, 4, 4] });
    const graph = new GraphBuilder(model);
    const maps = graph.emit("Conv", ["x", graph.initializer("w", filled([3, 1, 4, 4], "w"))]);
    const probabilities = graph.emit(softmax, [maps], { axis: int(1) });
    model.outputs.push({ name: behind(graph, probabilities) });
    return model;
  };
  const lookedAt = (model: Model) => statisticsOf(engine, model, data, { batch: 20, seed: 1 });
  const secondOf = ({ layers }: Statistics) => layers.get("w")?.blocks[0].second ?? new Float32Array();

  it.each([
    ["Flatten", (graph: GraphBuilder, value: string) => graph.emit("Flatten", [value])],
    ["Reshape", (graph: GraphBuilder, value: string) => graph.emit("Reshape", [value, graph.ints([-1, 3])])],
    ["Dropout", (graph: GraphBuilder, value: string) => graph.emit("Dropout", [value])],
    ["Transpose", (graph: GraphBuilder, value: string) => graph.emit("Transpose", [value])],
  ] as const)("are seen as without it: %s", async (_, behind) => {
    const plain = await lookedAt(classifier((_graph, value) => value));
    const seen = await lookedAt(classifier(behind));
    expect(secondOf(plain)).toHaveLength(256);
    expect(secondOf(seen)).toEqual(secondOf(plain));
  });

  it("are the same distributions as logarithms", async () => {
    const [plain, logarithms] = [
      await lookedAt(classifier((_, value) => value)),
      await lookedAt(classifier((_, value) => value, "LogSoftmax")),
    ];
    expect(secondOf(logarithms)).toEqual(secondOf(plain));
  });
});

describe("layers of many places", () => {
  it("count for all of them, though only some are looked at", async () => {
    const model = emptyModel("wide");
    model.inputs.push({ name: "x", dtype: "float32", shape: ["batch", 1, 4, 4] });
    const graph = new GraphBuilder(model);
    const [w, b] = [graph.initializer("w", filled([2, 1, 1, 1], "w")), graph.initializer("b", filled([2], "b"))];
    model.outputs.push({ name: graph.emit("Conv", ["x", w, b], { pads: ints([28, 28, 29, 29]) }) });
    const { layers, scales } = await statisticsOf(engine, model, data, { batch: 20, seed: 1 });
    const { second } = layers.get("w")?.blocks[0] ?? { second: new Float32Array() };
    // Squares of random directions, in parts of 3% of the deviation, over the two rows.
    expect(second[3] * 0.03 ** 2 * scales[0] ** 2 * 2).toBeCloseTo(1, 1);
  });
});

describe("rows without inputs", () => {
  it.each([
    ["Gemm", single("Gemm", [5, 4], [4, 3]), { scales: 3, inner: 1 }],
    ["transposed convolution", single("ConvTranspose", [2, 4, 5, 5], [4, 3, 2, 2]), { scales: 3, inner: 4 }],
  ])("have a scale for each output unit: %s", (_, model, { scales, inner }) => {
    const found = inBits(model, () => 8).get("w");
    expect(found?.inner).toBe(inner);
    expect(found?.scales).toHaveLength(scales);
  });
});

describe("blocks of columns", () => {
  it("cover all of them, and are no wider than a triangle may be", () => {
    for (const columns of [1, 2048, 2049, 9216]) {
      const blocks = blocksOf(columns);
      expect(blocks[0].start).toBe(0);
      expect(blocks[blocks.length - 1].end).toBe(columns);
      for (const [i, { start, end }] of blocks.entries()) {
        expect(end - start).toBeLessThanOrEqual(2048);
        if (i > 0) expect(start).toBe(blocks[i - 1].end);
      }
    }
  });
});
