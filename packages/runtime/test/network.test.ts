import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../espalier/src/engine/node.ts";
import { UserError } from "../../espalier/src/errors.ts";
import { openDeepCompression } from "../../espalier/src/import/caffe/deep-compression.ts";
import { importCaffe } from "../../espalier/src/import/caffe/import-caffe.ts";
import { readPrototxt } from "../../espalier/src/import/caffe/net.ts";
import { networks } from "../../espalier/src/models/index.ts";
import { lenet300100 } from "../../espalier/src/models/lenet-300-100.ts";
import { type Attributes, float, int, ints, string } from "../../espalier/src/onnx/attributes.ts";
import { GraphBuilder } from "../../espalier/src/onnx/builder.ts";
import { emptyModel, type Model } from "../../espalier/src/onnx/graph.ts";
import { float32, int64s, sizeOf } from "../../espalier/src/onnx/tensor.ts";
import { writeModel } from "../../espalier/src/onnx/write.ts";
import { random } from "../../espalier/src/random.ts";
import { UnsupportedError } from "../src/errors.ts";
import { Network } from "../src/network/network.ts";

const engine = nodeEngine({ threads: 1 });
const kinds: readonly ("simd" | "plain")[] = ["simd", "plain"];

type Build = (graph: GraphBuilder, weights: (dims: number[], density?: number) => string) => string | string[];

/** A model over the input x, with seeded random weights. */
function modelOf(dims: readonly number[], build: Build): Model {
  const model = emptyModel("test");
  model.inputs.push({ name: "x", dtype: "float32", shape: ["batch", ...dims] });
  const graph = new GraphBuilder(model);
  const { normal, uniform } = random(5, "network");
  const weights = (shape: number[], density = 1) =>
    graph.initializer(
      "w",
      float32(
        shape,
        Float32Array.from({ length: sizeOf(shape) }, () => (uniform() < density ? normal() : 0)),
      ),
    );
  const outputs = build(graph, weights);
  model.outputs = [outputs].flat().map((name) => ({ name, dtype: "float32" as const }));
  return model;
}

/** Compares a network's outputs with ONNX Runtime's, for some batches one after the other. */
async function agree(
  model: Model,
  dims: readonly number[],
  batches: readonly number[] = [1, 5],
  forms = kinds,
): Promise<void> {
  const program = await engine.compile(model);
  const bytes = writeModel(model);
  const [input] = model.inputs.filter(({ name }) => !model.initializers.has(name));
  for (const kernels of forms) {
    const network = await Network.load(bytes, { kernels });
    for (const batch of batches) {
      const { normal } = random(batch, "inputs");
      const shape = [batch, ...dims];
      const data = Float32Array.from({ length: sizeOf(shape) }, normal);
      const expected = await program.run({ [input.name]: { dtype: "float32", dims: shape, data } });
      const found = network.run({ [input.name]: { dims: shape, data } });
      for (const { name } of model.outputs) {
        expect(found[name].dims).toEqual(expected[name].dims);
        const numbers = Array.from(expected[name].data, Number);
        const most = numbers.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-3);
        const apart = numbers.reduce((a, b, i) => Math.max(a, Math.abs(b - Number(found[name].data[i]))), 0);
        expect(apart / most, `${kernels}, batch ${batch}`).toBeLessThan(1e-5);
      }
    }
  }
  await program.release();
}

const conv =
  (dims: number[], attributes: Attributes, density = 0.3): Build =>
  (graph, weights) =>
    graph.emit("Relu", [graph.emit("Conv", ["x", weights(dims, density), weights([dims[0]])], attributes)]);

const over =
  (op: string, attributes: Attributes = {}): Build =>
  (graph) =>
    graph.emit(op, ["x"], attributes);

const window = (kernel: number[], attributes: Attributes = {}): Attributes => ({
  kernel_shape: ints(kernel),
  ...attributes,
});

const cases: readonly [name: string, dims: number[], build: Build][] = [
  ["a sparse dense layer", [40], (g, w) => g.emit("Gemm", ["x", w([9, 40], 0.1), w([9])], { transB: int(1) })],
  [
    "a full dense layer",
    [37],
    (g, w) => g.emit("Gemm", ["x", w([37, 9]), w([9])], { alpha: float(2), beta: float(0.5) }),
  ],
  [
    "a layer behind zeros",
    [30],
    (g, w) => g.emit("Gemm", [g.emit("Relu", ["x"]), w([9, 30], 0.4), w([9])], { transB: int(1) }),
  ],
  ["a product with a bias", [4, 12], (g, w) => g.emit("Add", [w([7]), g.emit("MatMul", ["x", w([12, 7], 0.3)])])],
  [
    "attention",
    [5, 8],
    (g, w) => {
      const [q, k] = [g.emit("MatMul", ["x", w([8, 8])]), g.emit("MatMul", ["x", w([8, 8])])];
      const scores = g.emit("MatMul", [q, g.emit("Transpose", [k], { perm: ints([0, 2, 1]) })]);
      return g.emit("MatMul", [g.emit("Softmax", [scores], { axis: int(-1) }), "x"]);
    },
  ],
  ["a pointwise convolution", [6, 4, 4], conv([10, 6, 1, 1], {})],
  ["an odd pointwise convolution", [6, 3, 5], conv([10, 6, 1, 1], {})],
  ["a full convolution", [3, 8, 7], conv([6, 3, 3, 3], { pads: ints([1, 1, 1, 1]) }, 1)],
  ["a padded convolution", [5, 9, 8], conv([6, 5, 3, 3], { pads: ints([1, 0, 2, 1]) })],
  ["a strided convolution", [3, 23, 20], conv([7, 3, 5, 4], { strides: ints([4, 3]), pads: ints([2, 1, 0, 3]) })],
  // Of over a megabyte.
  ["a convolution in bands", [1, 151, 70], conv([64, 1, 2, 2], { strides: ints([2, 1]), pads: ints([1, 1, 0, 0]) })],
  ["a dilated convolution", [3, 15, 14], conv([4, 3, 3, 2], { dilations: ints([2, 3]), strides: ints([2, 1]) })],
  ["a grouped convolution", [6, 8, 8], conv([9, 2, 3, 3], { group: int(3), pads: ints([1, 1, 1, 1]) })],
  ["a depthwise convolution", [6, 8, 8], conv([6, 1, 3, 3], { group: int(6), strides: ints([2, 2]) }, 1)],
  [
    "a convolution that pads by itself",
    [3, 9, 9],
    conv([4, 3, 4, 4], { auto_pad: string("SAME_UPPER"), strides: ints([2, 2]) }),
  ],
  ["a convolution of one axis", [3, 20], conv([4, 3, 5], { strides: ints([2]), pads: ints([2, 1]) })],
  ["a convolution without weights left", [3, 6, 6], conv([4, 3, 3, 3], {}, 0)],
  ["maximum pooling", [3, 8, 7], over("MaxPool", window([3, 2], { strides: ints([2, 2]), pads: ints([1, 0, 1, 1]) }))],
  [
    "maximum pooling that rounds up",
    [3, 8, 8],
    over("MaxPool", window([3, 3], { strides: ints([2, 2]), ceil_mode: int(1) })),
  ],
  [
    "average pooling",
    [3, 8, 7],
    over("AveragePool", window([3, 2], { strides: ints([2, 1]), pads: ints([1, 0, 1, 1]) })),
  ],
  [
    "average pooling that counts padding",
    [3, 8, 7],
    over("AveragePool", window([3, 3], { pads: ints([1, 1, 1, 1]), count_include_pad: int(1) })),
  ],
  ["pooling everywhere", [4, 5, 6], (g) => [g.emit("GlobalAveragePool", ["x"]), g.emit("GlobalMaxPool", ["x"])]],
  [
    "local response normalization",
    [9, 3, 3],
    over("LRN", { size: int(5), alpha: float(0.5), beta: float(0.75), bias: float(2) }),
  ],
  ["softmax over channels", [5, 3, 3], over("Softmax", { axis: int(1) })],
  ["the logarithm of softmax", [5], over("LogSoftmax")],
  ["layer normalization", [4, 10], (g, w) => g.emit("LayerNormalization", ["x", w([10]), w([10])], { axis: int(-1) })],
  [
    "batch normalization",
    [4, 5, 5],
    (g, w) => {
      const [scale, shift, mean] = [w([6]), w([6]), w([6])];
      const variance = g.initializer("variance", float32([6], Float32Array.of(1, 2, 0.5, 3, 1, 4)));
      const before = g.emit("Conv", ["x", w([6, 4, 3, 3], 0.5)]);
      const folded = g.emit("BatchNormalization", [before, scale, shift, mean, variance], { epsilon: float(1e-3) });
      return g.emit("BatchNormalization", [g.emit("Relu", [folded]), scale, shift, mean, variance]);
    },
  ],
  [
    "activations",
    [30],
    (g) =>
      ["Sigmoid", "Tanh", "HardSigmoid", "HardSwish", "Elu", "Erf", "Neg", "LeakyRelu"].map((op) => g.emit(op, ["x"])),
  ],
  ["a clipped value", [30], (g) => g.emit("Clip", ["x", g.scalar("float32", -0.5), g.scalar("float32", 0.7)])],
  [
    "arithmetic that stretches",
    [3, 4, 5],
    (g, w) => g.emit("Div", [g.emit("Sub", [g.emit("Mul", ["x", w([3, 1, 1])]), w([4, 5])]), g.scalar("float32", 3)]),
  ],
  [
    "a residual block",
    [4, 6, 6],
    (g, w) => {
      const inner = g.emit("Relu", [g.emit("Conv", ["x", w([4, 4, 3, 3], 0.3)], { pads: ints([1, 1, 1, 1]) })]);
      const outer = g.emit("Conv", [inner, w([4, 4, 3, 3], 0.3)], { pads: ints([1, 1, 1, 1]) });
      return g.emit("Relu", [g.emit("Add", [outer, "x"])]);
    },
  ],
  [
    "concatenation",
    [4, 6, 6],
    (g, w) => {
      const left = g.emit("Relu", [g.emit("Conv", ["x", w([3, 4, 1, 1], 0.5)])]);
      return g.emit("Concat", [left, "x", g.emit("MaxPool", ["x"], window([3, 3], { pads: ints([1, 1, 1, 1]) }))], {
        axis: int(1),
      });
    },
  ],
  [
    "a shape that is computed",
    [4, 3, 2],
    (g, w) => {
      const batch = g.emit("Gather", [g.emit("Shape", ["x"]), g.constant({ ...int64s([0]), dims: [] })]);
      const rest = g.emit("Concat", [g.emit("Unsqueeze", [batch, g.ints([0])]), g.ints([-1])], { axis: int(0) });
      return g.emit("Gemm", [g.emit("Reshape", ["x", rest]), w([5, 24], 0.3)], { transB: int(1) });
    },
  ],
  [
    "other names for the same numbers",
    [1, 4, 3],
    (g) =>
      g.emit("Flatten", [
        g.emit("Unsqueeze", [g.emit("Squeeze", [g.emit("Identity", ["x"]), g.ints([1])]), g.ints([1])]),
      ]),
  ],
  [
    "slices",
    [6, 5],
    (g) => [
      g.emit("Slice", ["x", g.ints([1, -1]), g.ints([100, -100]), g.ints([1, 2]), g.ints([2, -2])]),
      ...g.emitMany("Split", ["x", g.ints([2, 4])], { axis: int(1) }, 2),
    ],
  ],
  [
    "sums and means",
    [3, 4, 5],
    (g) => [
      g.emit("ReduceMean", ["x", g.ints([1, -1])], { keepdims: int(0) }),
      g.emit("ReduceSum", ["x", g.ints([2])]),
    ],
  ],
  ["a turned tensor", [2, 3, 4], over("Transpose", { perm: ints([3, 0, 2, 1]) })],
  [
    "a value read twice",
    [8],
    (g, w) => {
      const hidden = g.emit("Relu", [g.emit("Gemm", ["x", w([8, 8], 0.4)])]);
      return [hidden, g.emit("Add", [hidden, g.emit("Gemm", [hidden, w([8, 8], 0.4)])])];
    },
  ],
];

describe("what runs from the sparse form is what ONNX Runtime computes", () => {
  it.each(cases)("%s", async (_, dims, build) => agree(modelOf(dims, build), dims));

  const cells = [
    ["LSTM", 4],
    ["GRU", 3],
    ["RNN", 1],
  ] as const;
  it.each(
    cells.flatMap(([op, gates]) => ["forward", "reverse", "bidirectional"].map((way) => [op, way, gates] as const)),
  )("%s, %s", async (op, way, gates) => {
    const directions = way === "bidirectional" ? 2 : 1;
    const [inputs, size] = [6, 5];
    const model = modelOf([2, inputs], (graph, weights) => {
      const names = [
        weights([directions, gates * size, inputs], 0.4),
        weights([directions, gates * size, size], 0.4),
        weights([directions, 2 * gates * size]),
      ];
      const attributes = { hidden_size: int(size), direction: string(way), linear_before_reset: int(1) };
      const { linear_before_reset, ...others } = attributes;
      return graph.emitMany(op, ["x", ...names], op === "GRU" ? attributes : others, op === "LSTM" ? 3 : 2);
    });
    // The first axis is time here.
    await agree(model, [2, inputs], [1, 4]);
  });

  it.each(["lstm", "gru"])("the network %s, narrow, on tokens", async (name) => {
    const model = networks.get(name)?.build({ seed: 1, width: 0.125, classes: 10 });
    if (!model) throw new Error(`There is no ${name}.`);
    const dims = [2, 7];
    const tokens = Array.from({ length: 14 }, (_, i) => (3 * i) % 10);
    const program = await engine.compile(model);
    const { logits } = await program.run({ input: { ...int64s(tokens), dims } });
    const network = await Network.load(writeModel(model));
    const found = network.run({ input: { dims, data: Float32Array.from(tokens) } }).logits;
    expect(found.dims).toEqual(logits.dims);
    const expected = Array.from(logits.data, Number);
    for (const [i, score] of expected.entries()) expect(found.data[i]).toBeCloseTo(score, 5);
    expect(() => network.run({ input: { dims, data: new Float32Array(14).fill(10) } })).toThrow(/no row 10 of 10/);
  });

  const untokened = [...networks].filter(([, { text }]) => !text);
  it.each(untokened)("the network %s, narrow", async (_, { build }) => {
    const model = build({ seed: 1, width: 0.125, classes: 10 });
    const [{ shape = [] }] = model.inputs;
    await agree(model, shape.slice(1).map(Number), [1], ["simd"]);
  });
});

const authors = new URL("../../../../shared/data/songhan-squeezenet/", import.meta.url);

describe.skipIf(!existsSync(authors))("the authors' pruned SqueezeNet (skipped without ../shared)", () => {
  it("gives the same class scores", async () => {
    const file = (name: string) => readFileSync(new URL(name, authors));
    const net = readPrototxt(file("SqueezeNet_deploy.prototxt"), "SqueezeNet_deploy.prototxt");
    const weights = openDeepCompression(file("compressed_SqueezeNet.net"), "compressed_SqueezeNet.net");
    const { model } = importCaffe(net, weights);
    await agree(model, [3, 227, 227], [1], ["simd"]);
  });
});

describe("threads", () => {
  it.each([0.3, 1])("share the work at density %d, and compute the same", async (density) => {
    const model = modelOf([16, 20, 20], (graph, weights) => {
      const maps = graph.emit("Conv", ["x", weights([30, 16, 3, 3], density), weights([30])]);
      const flat = graph.emit("Flatten", [graph.emit("MaxPool", [maps], window([2, 2], { strides: ints([2, 2]) }))]);
      return graph.emit("Gemm", [flat, weights([169, 30 * 81], density), weights([169])], { transB: int(1) });
    });
    const bytes = writeModel(model);
    const alone = await Network.load(bytes);
    const crew = await Network.load(bytes, { threads: 3 });
    expect([alone.threads, crew.threads]).toEqual([1, 3]);
    for (const batch of [1, 6, 1]) {
      const dims = [batch, 16, 20, 20];
      const data = Float32Array.from({ length: sizeOf(dims) }, random(batch, "threads").normal);
      const [name] = alone.outputs;
      expect(crew.run({ x: { dims, data } })[name].data).toEqual(alone.run({ x: { dims, data } })[name].data);
    }
    crew.release();
  });
});

describe("a network that cannot run here", () => {
  it("names the operator, and what takes over", async () => {
    const model = modelOf([4], (graph) => graph.emit("ImageDecoder", ["x"], {}, "picture"));
    await expect(Network.load(writeModel(model))).rejects.toThrow(UnsupportedError);
    await expect(Network.load(writeModel(model))).rejects.toThrow(
      /no operator ImageDecoder \(node "picture"\).*ONNX Runtime/,
    );
  });

  it.each<[string, Uint8Array]>([
    ["nothing", new Uint8Array()],
    ["text", new TextEncoder().encode("this is not a model")],
    ["half a model", writeModel(lenet300100({ seed: 1 })).subarray(0, 5_000)],
  ])("as it is %s is refused with a sentence", async (_, bytes) => {
    await expect(Network.load(bytes)).rejects.toThrow(UserError);
  });

  it("says what is wrong with its bytes or its inputs", async () => {
    const bytes = writeModel(modelOf([4], over("Relu")));
    await expect(Network.load(bytes.subarray(0, bytes.length - 3))).rejects.toThrow(/ends in the middle/);
    const network = await Network.load(bytes);
    expect(() => network.run({})).toThrow(/"x" is missing/);
    expect(() => network.run({ x: { dims: [1, 4], data: new Float32Array(3) } })).toThrow(/holds 3 numbers/);
  });
});
