import { describe, expect, it } from "vitest";
import { readModel } from "../../src/onnx/read.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { parametersOf, trainableParameters } from "../../src/training/parameters.ts";
import { imported, netOf, noise, run } from "./nets.ts";
import { at, convolve, map, pool, product } from "./plain.ts";

const INPUT = 'input: "data" input_dim: 10 input_dim: 3 input_dim: 8 input_dim: 8';

/** A small network of both forms: convolution, activation in place, pooling, two dense layers, dropout in place. */
const NEW = `
  name: "small"
  ${INPUT}
  layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1" convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } } }
  layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
  layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1" pooling_param { pool: MAX kernel_size: 3 stride: 2 } }
  layer { name: "fc" type: "InnerProduct" bottom: "pool1" top: "fc" inner_product_param { num_output: 5 } }
  layer { name: "drop" type: "Dropout" bottom: "fc" top: "fc" }
  layer { name: "prob" type: "Softmax" bottom: "fc" top: "prob" }
`;
const OLD = `
  name: "small"
  ${INPUT}
  layers { name: "conv1" type: CONVOLUTION bottom: "data" top: "conv1" blobs_lr: 1 blobs_lr: 2 weight_decay: 1 convolution_param { num_output: 4 kernel_size: 3 } }
  layers { name: "relu1" type: RELU bottom: "conv1" top: "conv1" }
  layers { name: "pool1" type: POOLING bottom: "conv1" top: "pool1" pooling_param { pool: MAX kernel_size: 3 stride: 2 } }
  layers { name: "fc" type: INNER_PRODUCT bottom: "pool1" top: "fc" inner_product_param { num_output: 5 } }
  layers { name: "drop" type: DROPOUT bottom: "fc" top: "fc" }
  layers { name: "prob" type: SOFTMAX bottom: "fc" top: "prob" }
`;

describe("a network", () => {
  it("computes what its layers do, for any batch", async () => {
    const { model, weights } = imported(NEW);
    const [conv, fc] = ["conv1", "fc"].map((name) => weights.blobs.get(name) ?? []);
    const x = noise([2, 3, 8, 8], 1);
    const y = convolve(x, conv[0], conv[1], { kernel: [3, 3] });
    const z = pool(
      map(y, (v) => Math.max(0, v)),
      "MAX",
      { kernel: [3, 3], stride: [2, 2] },
    );
    const scores = product(z, fc[0], fc[1]);
    const outputs = await run(model, { data: x });
    const sum = (n: number) => [0, 1, 2, 3, 4].reduce((all, c) => all + Math.exp(at(scores, n, c)), 0);
    const expected = map(scores, (v, n) => Math.exp(v) / sum(n));
    for (const [i, value] of expected.data.entries()) expect(outputs.prob.data[i]).toBeCloseTo(value, 5);
  });

  it("keeps the names of layers, blobs and weights", () => {
    const { model } = imported(NEW);
    expect(model.name).toBe("small");
    expect(model.inputs).toEqual([{ name: "data", dtype: "float32", shape: ["batch", 3, 8, 8] }]);
    expect(model.outputs.map(({ name, shape }) => [name, shape])).toEqual([["prob", ["batch", 5]]]);
    const weights = [...parametersOf(model, trainableParameters(model))];
    expect(weights.map(([name, { dims }]) => [name, dims])).toEqual([
      ["conv1.weight", [4, 3, 3, 3]],
      ["conv1.bias", [4]],
      ["fc.weight", [5, 36]],
      ["fc.bias", [5]],
    ]);
    expect(model.nodes.map(({ name, op, outputs }) => [name, op, ...outputs])).toEqual([
      ["conv1/1", "Conv", "conv1/1"],
      ["relu1", "Relu", "conv1"],
      ["pool1", "MaxPool", "pool1"],
      ["fc/Flatten", "Flatten", "fc/Flatten"],
      ["fc/1", "Gemm", "fc/1"],
      ["drop", "Dropout", "fc"],
      ["prob", "Softmax", "prob"],
    ]);
    const again = readModel(writeModel(model));
    expect(again.nodes.length).toBe(model.nodes.length);
  });

  it("keeps a byte order mark at the start of a name", () => {
    const { model } = imported(`
      input: "data" input_dim: 1 input_dim: 3 input_dim: 8 input_dim: 8
      layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param { num_output: 4 kernel_size: 3 } }
      layer { name: "norm" type: "BatchNorm" bottom: "conv" top: "\ufeffconv" }`);
    expect(readModel(writeModel(model)).outputs).toMatchObject([{ name: "\ufeffconv" }]);
  });

  it("is the same in the older form", () => {
    const [old, fresh] = [OLD, NEW].map((text) => writeModel(imported(text).model));
    expect(old).toEqual(fresh);
  });

  it("has layers and fields of the older form under their newer names", () => {
    const types = netOf(
      'layers { type: SOFTMAX_LOSS } layers { type: TANH } layers { type: LRN } layers { type: BNLL } layers { type: HDF5_DATA } layers { type: SIGMOID_CROSS_ENTROPY_LOSS param: "w" }',
    );
    expect(types.layers.map(({ type }) => type)).toEqual([
      "SoftmaxWithLoss",
      "TanH",
      "LRN",
      "BNLL",
      "HDF5Data",
      "SigmoidCrossEntropyLoss",
    ]);
    expect(types.layers[5].param.map(({ name }) => name)).toEqual(["w"]);
  });

  it.each<[string, string]>([
    ["input_shape", 'input: "data" input_shape { dim: 10 dim: 3 dim: 8 dim: 8 }'],
    [
      "a layer Input",
      'layer { name: "in" type: "Input" top: "data" input_param { shape: { dim: 10 dim: 3 dim: 8 dim: 8 } } }',
    ],
    [
      "MemoryData",
      'layer { name: "in" type: "MemoryData" top: "data" top: "label" memory_data_param { batch_size: 10 channels: 3 height: 8 width: 8 } }',
    ],
    [
      "DummyData",
      'layer { name: "in" type: "DummyData" top: "data" dummy_data_param { num: 10 channels: 3 height: 8 width: 8 data_filler { type: "gaussian" } } }',
    ],
    [
      "Data",
      'layer { name: "in" type: "Data" top: "data" top: "label" transform_param { crop_size: 8 } data_param { source: "x" batch_size: 10 } }',
    ],
    [
      "Data of the older kind",
      'layers { name: "in" type: DATA top: "data" top: "label" data_param { source: "x" crop_size: 8 } }',
    ],
    [
      "ImageData",
      'layer { name: "in" type: "ImageData" top: "data" top: "label" image_data_param { source: "x" new_height: 8 new_width: 8 } }',
    ],
  ])("takes its input from %s", (_, input) => {
    const layers = input.startsWith("layers") ? OLD : NEW;
    expect(imported(layers.replace(INPUT, input)).model.inputs).toEqual(imported(NEW).model.inputs);
  });

  it("takes the size of images from outside where the prototxt does not state it", () => {
    const text = NEW.replace(
      INPUT,
      'layer { name: "in" type: "Data" top: "data" transform_param { scale: 0.5 mean_value: 9 } }',
    );
    expect(() => imported(text)).toThrow(/layer "in" \(Data\) does not state the size of its images: give crop/);
    expect(imported(text, { size: [8, 8] }).model.inputs[0].shape).toEqual(["batch", 3, 8, 8]);
    expect(imported(text, { size: [9, 8], channels: 1 }).model.inputs[0].shape).toEqual(["batch", 1, 9, 8]);
    expect(imported(text, { size: [8, 8] }).transform).toEqual({ meanValue: [9], scale: 0.5 });
  });
});

describe("phases", () => {
  const both = (rules: string) => `${INPUT}
    layer { name: "a" type: "ReLU" bottom: "data" top: "a" }
    layer { name: "b" type: "TanH" bottom: "a" top: "b" ${rules} }`;
  it.each<[string, boolean]>([
    ["", true],
    ["include { phase: TEST }", true],
    ["include { phase: TRAIN }", false],
    ["include { }", true],
    ["exclude { phase: TEST }", false],
    ["exclude { phase: TRAIN }", true],
    ["include { phase: TRAIN } include { phase: TEST }", true],
    ["include { min_level: 1 }", false],
    ["include { max_level: 0 }", true],
    ['include { stage: "deploy" }', false],
    ['include { not_stage: "deploy" }', true],
  ])("layer with %s", (rules, included) => {
    expect(netOf(both(rules)).layers.some(({ name }) => name === "b")).toBe(included);
  });

  it("follow the network's own level and stages", () => {
    const state = 'state { level: 2 stage: "deploy" }';
    expect(netOf(state + both('include { min_level: 2 stage: "deploy" }')).layers.length).toBe(3);
    expect(netOf(state + both('include { not_stage: "deploy" }')).layers.length).toBe(2);
  });

  it("leave out losses and measures, and what feeds labels", () => {
    const { model, dropped } = imported(`
      layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TRAIN } transform_param { crop_size: 4 mirror: true } }
      layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TEST } transform_param { crop_size: 8 mean_value: 1 mean_value: 2 mean_value: 3 } }
      layer { name: "aux" type: "InnerProduct" bottom: "data" top: "aux" inner_product_param { num_output: 2 } }
      layer { name: "fc" type: "InnerProduct" bottom: "data" top: "fc" inner_product_param { num_output: 2 } }
      layer { name: "unused" type: "ReLU" bottom: "data" top: "unused" }
      layer { name: "quiet" type: "Silence" bottom: "unused" }
      layer { name: "loss/aux" type: "SoftmaxWithLoss" bottom: "aux" bottom: "label" top: "l1" loss_weight: 0.3 }
      layer { name: "loss" type: "SoftmaxWithLoss" bottom: "fc" bottom: "label" top: "l2" }
      layer { name: "accuracy" type: "Accuracy" bottom: "fc" bottom: "label" top: "accuracy" include { phase: TEST } }`);
    expect(model.inputs.map(({ name, shape }) => [name, shape])).toEqual([["data", ["batch", 3, 8, 8]]]);
    expect(model.outputs.map(({ name }) => name)).toEqual(["fc", "aux"]);
    expect(dropped.map(({ name }) => name)).toEqual(["quiet", "loss/aux", "loss", "accuracy"]);
  });
});

describe("BatchNorm", () => {
  const layer =
    'layer { name: "bn" type: "BatchNorm" bottom: "data" top: "bn" batch_norm_param { eps: 0.1 } param { lr_mult: 0 } }';
  const scale = (more = "", top = "y") => `layer { name: "s" type: "Scale" bottom: "bn" top: "${top}" ${more} }`;
  const x = noise([2, 3, 8, 8], 1);
  const mean = [0.5, -1, 2];
  const variance = [0.4, 0.2, 0.3];
  const weight = [1, -2, 3];
  const bias = [0.1, 0.2, 0.3];
  /** The file holds four times the statistics, and the factor. */
  const bn = [mean.map((v) => 4 * v), variance.map((v) => 4 * v), [4]];

  async function check(text: string, ops: string[], plain: (v: number, c: number) => number, given = bn) {
    const { model } = imported(`${INPUT} ${text}`, {}, { bn: given, s: [weight, bias] });
    expect(model.nodes.map(({ op }) => op)).toEqual(ops);
    const outputs = await run(model, { data: x });
    const y = outputs[model.outputs[0].name];
    for (const [i, value] of map(x, (v, _, c) => plain(v, c)).data.entries()) expect(y.data[i]).toBeCloseTo(value, 4);
    return model;
  }
  const normalized = (v: number, c: number) => (v - mean[c]) / Math.sqrt(variance[c] + 0.1);

  it("divides its statistics by the factor that the file has", async () => {
    const model = await check(layer, ["BatchNormalization"], normalized);
    expect([...model.initializers.keys()]).toEqual(["bn.mean", "bn.variance", "bn.weight", "bn.bias"]);
  });

  it("takes a factor of zero as Caffe does", async () => {
    await check(layer, ["BatchNormalization"], (v) => v / Math.sqrt(0.1), [[1, 2, 3], [4, 5, 6], [0]]);
  });

  it.each<[string, string]>([
    ["with a bias", scale("scale_param { bias_term: true }")],
    ["in place", scale("scale_param { bias_term: true }", "bn")],
  ])("is one operator with the Scale behind it, %s", async (_, after) => {
    const model = await check(layer + after, ["BatchNormalization"], (v, c) => weight[c] * normalized(v, c) + bias[c]);
    expect([...model.initializers.keys()]).toEqual(["bn.mean", "bn.variance", "s.weight", "s.bias"]);
  });

  it("is one operator with a Scale without bias", async () => {
    await check(layer + scale(), ["BatchNormalization"], (v, c) => weight[c] * normalized(v, c));
  });

  it("stays by itself where another layer reads it too, or the Scale is of another kind", async () => {
    const other = 'layer { name: "o" type: "ReLU" bottom: "bn" top: "o" }';
    await check(
      layer + scale("scale_param { bias_term: true }") + other,
      ["BatchNormalization", "Mul", "Add", "Relu"],
      (v, c) => weight[c] * normalized(v, c) + bias[c],
    );
    const { model } = imported(`${INPUT} ${layer} ${scale("scale_param { num_axes: 2 }")}`);
    expect(model.nodes.map(({ op }) => op)).toEqual(["BatchNormalization", "Mul"]);
  });

  it("is refused where it is to normalize each batch by itself", () => {
    const text = `${INPUT} layer { name: "bn" type: "BatchNorm" bottom: "data" top: "bn" batch_norm_param { use_global_stats: false } }`;
    expect(() => imported(text)).toThrow(/layer "bn" \(BatchNorm\) normalizes each batch by itself/);
  });
});

describe("layers", () => {
  it("share weights by name", async () => {
    const dense = (name: string, bottom: string, param: string) =>
      `layer { name: "${name}" type: "InnerProduct" bottom: "${bottom}" top: "${name}" ${param} inner_product_param { num_output: 4 } }`;
    const { model, weights } = imported(`
      input: "x" input_shape { dim: 1 dim: 4 }
      ${dense("a", "x", 'param { name: "w" } param { name: "b" }')}
      ${dense("b", "a", 'param { name: "w" }')}`);
    expect([...model.initializers.keys()]).toEqual(["a.weight", "a.bias", "b.bias"]);
    const [w, bias] = weights.blobs.get("a") ?? [];
    const x = noise([3, 4], 1);
    const y = product(product(x, w, bias), w, weights.blobs.get("b")?.[1]);
    const { b } = await run(model, { x });
    for (const [i, value] of y.data.entries()) expect(b.data[i]).toBeCloseTo(value, 4);
  });

  it("may work in place on the input, several times", async () => {
    const { model } = imported(`${INPUT}
      layer { name: "half" type: "Power" bottom: "data" top: "data" power_param { scale: 0.5 } }
      layer { name: "relu" type: "ReLU" bottom: "data" top: "data" }
      layer { name: "flat" type: "Flatten" bottom: "data" top: "flat" }`);
    expect(model.inputs.map(({ name }) => name)).toEqual(["data"]);
    expect(model.nodes.map(({ outputs }) => outputs[0])).toEqual(["data/1", "data/2", "flat"]);
    const x = noise([1, 3, 8, 8], 1);
    expect((await run(model, { data: x })).flat.data).toEqual(map(x, (v) => Math.max(0, v / 2)).data);
  });

  it("keep dropout for retraining", () => {
    const { model } = imported(
      `${INPUT} layer { name: "d" type: "Dropout" bottom: "data" top: "data" dropout_param { dropout_ratio: 0.3 } }`,
    );
    const [{ op, inputs }] = model.nodes;
    expect([op, model.initializers.get(inputs[1])?.data[0]]).toEqual(["Dropout", Math.fround(0.3)]);
  });

  it("move the batch and bring it back", async () => {
    const { model } = imported(`
      input: "x" input_shape { dim: 1 dim: 4 dim: 3 }
      layer { name: "p" type: "Permute" bottom: "x" top: "p" permute_param { order: 1 order: 0 order: 2 } }
      layer { name: "q" type: "Permute" bottom: "p" top: "q" permute_param { order: 1 order: 0 order: 2 } }`);
    const x = noise([5, 4, 3], 1);
    expect((await run(model, { x })).q).toMatchObject({ dims: [5, 4, 3], data: x.data });
  });

  it("leave constants alone that training must not learn", () => {
    const { model } = imported(`${INPUT}
      layer { name: "p" type: "Pooling" bottom: "data" top: "p" pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 } }
      layer { name: "e" type: "Eltwise" bottom: "p" bottom: "p" top: "e" eltwise_param { coeff: 2 coeff: 3 } }`);
    expect(model.nodes.map(({ op }) => op)).toContain("Mul");
    expect(trainableParameters(model)).toEqual([]);
  });
});
