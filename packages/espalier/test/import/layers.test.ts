import { describe, expect, it } from "vitest";
import type { FloatTensor } from "../../src/onnx/tensor.ts";
import { random } from "../../src/random.ts";
import { imported, noise, run } from "./nets.ts";
import { as, at, build, convolve, deconvolve, indices, map, pool, product } from "./plain.ts";

/** What a layer's plain form is given: its bottoms and its blobs. */
type Plain = (bottoms: FloatTensor[], blobs: FloatTensor[]) => FloatTensor | FloatTensor[];
type Case = readonly [name: string, layer: string, shapes: number[][], plain: Plain];

const BATCH = 2;
const IMAGE = [BATCH, 4, 6, 5];

/** The text of a layer "l" that reads a, b, ... and makes y, or y0, y1, ... */
function netText(layer: string, shapes: readonly number[][], tops: readonly string[]): string {
  const names = shapes.map((_, i) => "abc"[i]);
  // The prototxt states another batch than the one that is run: the batch must stay open.
  const inputs = names.map(
    (name, i) => `input: "${name}" input_shape { ${[1, ...shapes[i].slice(1)].map((dim) => `dim: ${dim}`).join(" ")} }`,
  );
  const bottoms = names.map((name) => `bottom: "${name}"`).join(" ");
  const made = tops.map((top) => `top: "${top}"`).join(" ");
  return `${inputs.join("\n")}\nlayer { name: "l" ${bottoms} ${made} ${layer} }`;
}

async function check(layer: string, shapes: readonly number[][], plain: Plain): Promise<void> {
  const bottoms = shapes.map((dims, i) => noise(dims, i, "input"));
  // A case says how many blobs its layer makes, where that is not one.
  const tops = layer.match(/tops: (\d)/)?.[1];
  const names = tops ? Array.from({ length: Number(tops) }, (_, i) => `y${i}`) : ["y"];
  const { model, weights } = imported(netText(layer.replace(/tops: \d/, ""), shapes, names));
  const feeds = Object.fromEntries(bottoms.map((x, i) => ["abc"[i], x]));
  const outputs = await run(model, feeds);
  const expected = [plain(bottoms, weights.blobs.get("l") ?? [])].flat();
  for (const [i, name] of names.entries()) {
    expect(outputs[name].dims).toEqual(expected[i].dims);
    for (const [j, value] of expected[i].data.entries()) expect(outputs[name].data[j]).toBeCloseTo(value, 4);
    const declared = model.outputs.find((output) => output.name === name)?.shape;
    expect(declared).toEqual(["batch", ...expected[i].dims.slice(1)]);
  }
}

const elementwise =
  (value: (x: number) => number): Plain =>
  ([x]) =>
    map(x, value);
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

const cases: Case[] = [
  [
    "convolution",
    'type: "Convolution" convolution_param { num_output: 6 kernel_size: 3 }',
    [IMAGE],
    ([x], [w, b]) => convolve(x, w, b, { kernel: [3, 3] }),
  ],
  [
    "convolution with groups, padding, strides and no bias",
    'type: "Convolution" convolution_param { num_output: 6 kernel_h: 3 kernel_w: 2 pad_h: 1 pad_w: 0 stride_h: 2 stride_w: 1 group: 2 bias_term: false }',
    [IMAGE],
    ([x], [w]) => convolve(x, w, undefined, { kernel: [3, 2], pad: [1, 0], stride: [2, 1], group: 2 }),
  ],
  [
    "convolution with dilation, sizes given for each axis",
    'type: "Convolution" convolution_param { num_output: 2 kernel_size: 3 kernel_size: 2 dilation: 2 pad: 2 stride: 1 stride: 2 }',
    [IMAGE],
    ([x], [w, b]) => convolve(x, w, b, { kernel: [3, 2], dilation: [2, 2], pad: [2, 2], stride: [1, 2] }),
  ],
  [
    "depthwise convolution",
    'type: "DepthwiseConvolution" convolution_param { num_output: 4 kernel_size: 3 group: 4 }',
    [IMAGE],
    ([x], [w, b]) => convolve(x, w, b, { kernel: [3, 3], group: 4 }),
  ],
  [
    "deconvolution",
    'type: "Deconvolution" convolution_param { num_output: 6 kernel_size: 4 stride: 2 pad: 1 }',
    [IMAGE],
    ([x], [w, b]) => deconvolve(x, w, b, { kernel: [4, 4], stride: [2, 2], pad: [1, 1] }),
  ],
  [
    "deconvolution in groups",
    'type: "Deconvolution" convolution_param { num_output: 4 kernel_h: 3 kernel_w: 2 stride: 2 group: 4 bias_term: false }',
    [IMAGE],
    ([x], [w]) => deconvolve(x, w, undefined, { kernel: [3, 2], stride: [2, 2], group: 4 }),
  ],
  [
    "inner product of images",
    'type: "InnerProduct" inner_product_param { num_output: 7 }',
    [IMAGE],
    ([x], [w, b]) => product(x, w, b),
  ],
  [
    "inner product of rows",
    'type: "InnerProduct" inner_product_param { num_output: 3 bias_term: false }',
    [[BATCH, 5]],
    ([x], [w]) => product(x, w),
  ],
  [
    "inner product with transposed weights",
    'type: "InnerProduct" inner_product_param { num_output: 3 transpose: true }',
    [[BATCH, 5]],
    ([x], [w, b]) =>
      product(
        x,
        build([3, 5], (o, i) => at(w, i, o)),
        b,
      ),
  ],
  [
    "inner product from a later axis on",
    'type: "InnerProduct" inner_product_param { num_output: 3 axis: -2 }',
    [IMAGE],
    ([x], [w, b]) => as(product(x, w, b), BATCH, 4, 3),
  ],
  ["ReLU", 'type: "ReLU"', [IMAGE], elementwise((x) => Math.max(0, x))],
  ["leaky ReLU", 'type: "ReLU" relu_param { negative_slope: 0.1 }', [IMAGE], elementwise((x) => (x > 0 ? x : 0.1 * x))],
  ["ReLU6", 'type: "ReLU6"', [IMAGE], elementwise((x) => Math.min(6, Math.max(0, x)))],
  ["PReLU", 'type: "PReLU"', [IMAGE], ([x], [w]) => map(x, (v, _, c) => (v > 0 ? v : at(w, c) * v))],
  ["PReLU of rows", 'type: "PReLU"', [[BATCH, 5]], ([x], [w]) => map(x, (v, _, c) => (v > 0 ? v : at(w, c) * v))],
  [
    "PReLU with one slope",
    'type: "PReLU" prelu_param { channel_shared: true }',
    [IMAGE],
    ([x], [w]) => map(x, (v) => (v > 0 ? v : w.data[0] * v)),
  ],
  ["sigmoid", 'type: "Sigmoid"', [IMAGE], elementwise(sigmoid)],
  ["tanh", 'type: "TanH"', [IMAGE], elementwise(Math.tanh)],
  ["ELU", 'type: "ELU" elu_param { alpha: 0.5 }', [IMAGE], elementwise((x) => (x > 0 ? x : 0.5 * Math.expm1(x)))],
  ["swish", 'type: "Swish" swish_param { beta: 2 }', [IMAGE], elementwise((x) => x * sigmoid(2 * x))],
  ["swish by default", 'type: "Swish"', [IMAGE], elementwise((x) => x * sigmoid(x))],
  ["absolute value", 'type: "AbsVal"', [IMAGE], elementwise(Math.abs)],
  ["BNLL", 'type: "BNLL"', [IMAGE], elementwise((x) => Math.log1p(Math.exp(x)))],
  [
    "power",
    'type: "Power" power_param { power: 3 scale: 2 shift: 0.5 }',
    [IMAGE],
    elementwise((x) => (0.5 + 2 * x) ** 3),
  ],
  ["power of one", 'type: "Power" power_param { scale: 0.5 shift: -1 }', [IMAGE], elementwise((x) => 0.5 * x - 1)],
  ["power that changes nothing", 'type: "Power"', [IMAGE], elementwise((x) => x)],
  ["exponential", 'type: "Exp"', [IMAGE], elementwise(Math.exp)],
  [
    "exponential of another base",
    'type: "Exp" exp_param { base: 2 scale: 3 shift: 1 }',
    [IMAGE],
    elementwise((x) => 2 ** (1 + 3 * x)),
  ],
  ["logarithm", 'type: "Log" log_param { shift: 2 }', [IMAGE], elementwise((x) => Math.log(2 + x))],
  [
    "logarithm of another base",
    'type: "Log" log_param { base: 10 scale: 0.5 shift: 2 }',
    [IMAGE],
    elementwise((x) => Math.log10(2 + 0.5 * x)),
  ],
  [
    "threshold",
    'type: "Threshold" threshold_param { threshold: 0.25 }',
    [IMAGE],
    elementwise((x) => (x > 0.25 ? 1 : 0)),
  ],
  [
    "clip",
    'type: "Clip" clip_param { min: -0.5 max: 0.25 }',
    [IMAGE],
    elementwise((x) => Math.min(0.25, Math.max(-0.5, x))),
  ],
  [
    "dropout, which does nothing",
    'type: "Dropout" dropout_param { dropout_ratio: 0.7 }',
    [IMAGE],
    elementwise((x) => x),
  ],
  [
    "LRN across channels",
    'type: "LRN" lrn_param { local_size: 3 alpha: 0.5 beta: 0.75 k: 2 }',
    [IMAGE],
    ([x]) =>
      map(
        x,
        (v, n, c, i, j) =>
          v * (2 + (0.5 / 3) * [-1, 0, 1].reduce((sum, d) => sum + at(x, n, c + d, i, j) ** 2, 0)) ** -0.75,
      ),
  ],
  [
    "LRN within a channel, which knows no k",
    'type: "LRN" lrn_param { local_size: 3 alpha: 0.5 beta: 0.75 k: 2 norm_region: WITHIN_CHANNEL }',
    [IMAGE],
    ([x]) =>
      map(x, (v, n, c, i, j) => {
        let sum = 0;
        for (const [di, dj] of indices([3, 3])) sum += at(x, n, c, i + di - 1, j + dj - 1) ** 2;
        return v * (1 + (0.5 / 9) * sum) ** -0.75;
      }),
  ],
  [
    "MVN",
    'type: "MVN" mvn_param { eps: 0.01 }',
    [IMAGE],
    ([x]) =>
      map(x, (v, n, c) => {
        const values = [...indices([6, 5])].map(([i, j]) => at(x, n, c, i, j));
        const mean = values.reduce((sum, one) => sum + one, 0) / 30;
        const variance = values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / 30;
        return (v - mean) / (Math.sqrt(variance) + 0.01);
      }),
  ],
  [
    "MVN across channels, the mean alone",
    'type: "MVN" mvn_param { across_channels: true normalize_variance: false }',
    [IMAGE],
    ([x]) => map(x, (v, n) => v - x.data.subarray(n * 120, (n + 1) * 120).reduce((sum, one) => sum + one, 0) / 120),
  ],
  [
    "softmax over channels",
    'type: "Softmax"',
    [IMAGE],
    ([x]) =>
      map(x, (v, n, _, i, j) => Math.exp(v) / [0, 1, 2, 3].reduce((sum, c) => sum + Math.exp(at(x, n, c, i, j)), 0)),
  ],
  ["scale", 'type: "Scale"', [IMAGE], ([x], [w]) => map(x, (v, _, c) => v * at(w, c))],
  [
    "scale with a bias",
    'type: "Scale" scale_param { bias_term: true }',
    [IMAGE],
    ([x], [w, b]) => map(x, (v, _, c) => v * at(w, c) + at(b, c)),
  ],
  [
    "scale over two axes",
    'type: "Scale" scale_param { axis: 2 num_axes: -1 bias_term: true }',
    [IMAGE],
    ([x], [w, b]) => map(x, (v, _, __, i, j) => v * at(w, i, j) + at(b, i, j)),
  ],
  [
    "scale by one number",
    'type: "Scale" scale_param { num_axes: 0 }',
    [IMAGE],
    ([x], [w]) => map(x, (v) => v * w.data[0]),
  ],
  [
    "scale by another blob",
    'type: "Scale" scale_param { axis: 0 }',
    [IMAGE, [BATCH, 4]],
    ([x, s]) => map(x, (v, n, c) => v * at(s, n, c)),
  ],
  ["bias", 'type: "Bias"', [IMAGE], ([x], [b]) => map(x, (v, _, c) => v + at(b, c))],
  [
    "bias from another blob",
    'type: "Bias" bias_param { axis: 0 }',
    [IMAGE, [BATCH, 4, 6]],
    ([x, b]) => map(x, (v, n, c, i) => v + at(b, n, c, i)),
  ],
  ["sum", 'type: "Eltwise"', [IMAGE, IMAGE, IMAGE], ([a, b, c]) => map(a, (v, ...i) => v + at(b, ...i) + at(c, ...i))],
  [
    "sum with coefficients",
    'type: "Eltwise" eltwise_param { operation: SUM coeff: 1 coeff: -2 }',
    [IMAGE, IMAGE],
    ([a, b]) => map(a, (v, ...i) => v - 2 * at(b, ...i)),
  ],
  [
    "product",
    'type: "Eltwise" eltwise_param { operation: PROD }',
    [IMAGE, IMAGE],
    ([a, b]) => map(a, (v, ...i) => v * at(b, ...i)),
  ],
  [
    "maximum",
    'type: "Eltwise" eltwise_param { operation: MAX }',
    [IMAGE, IMAGE, IMAGE],
    ([a, b, c]) => map(a, (v, ...i) => Math.max(v, at(b, ...i), at(c, ...i))),
  ],
  [
    "concatenation",
    'type: "Concat"',
    [IMAGE, [BATCH, 3, 6, 5]],
    ([a, b]) => build([BATCH, 7, 6, 5], (n, c, i, j) => (c < 4 ? at(a, n, c, i, j) : at(b, n, c - 4, i, j))),
  ],
  [
    "concatenation along the last axis",
    'type: "Concat" concat_param { axis: -1 }',
    [IMAGE, IMAGE],
    ([a, b]) => build([BATCH, 4, 6, 10], (n, c, i, j) => (j < 5 ? at(a, n, c, i, j) : at(b, n, c, i, j - 5))),
  ],
  [
    "concatenation by the older field",
    'type: "Concat" concat_param { concat_dim: 2 }',
    [IMAGE, IMAGE],
    ([a, b]) => build([BATCH, 4, 12, 5], (n, c, i, j) => (i < 6 ? at(a, n, c, i, j) : at(b, n, c, i - 6, j))),
  ],
  [
    "slices of equal size",
    'tops: 2 type: "Slice"',
    [IMAGE],
    ([x]) => [0, 2].map((from) => build([BATCH, 2, 6, 5], (n, c, i, j) => at(x, n, c + from, i, j))),
  ],
  [
    "slices between points",
    'tops: 3 type: "Slice" slice_param { axis: 2 slice_point: 1 slice_point: 3 }',
    [IMAGE],
    ([x]) =>
      [
        [0, 1],
        [1, 2],
        [3, 3],
      ].map(([from, size]) => build([BATCH, 4, size, 5], (n, c, i, j) => at(x, n, c, i + from, j))),
  ],
  ["split", 'tops: 2 type: "Split"', [IMAGE], ([x]) => [x, x]],
  ["flatten", 'type: "Flatten"', [IMAGE], ([x]) => as(x, BATCH, 120)],
  ["flatten some axes", 'type: "Flatten" flatten_param { axis: 1 end_axis: 2 }', [IMAGE], ([x]) => as(x, BATCH, 24, 5)],
  [
    "reshape",
    'type: "Reshape" reshape_param { shape { dim: 0 dim: -1 dim: 10 } }',
    [IMAGE],
    ([x]) => as(x, BATCH, 12, 10),
  ],
  [
    "reshape with the batch as a number",
    'type: "Reshape" reshape_param { shape { dim: 1 dim: 2 dim: 60 } }',
    [IMAGE],
    ([x]) => as(x, BATCH, 2, 60),
  ],
  [
    "reshape with the batch left open",
    'type: "Reshape" reshape_param { shape { dim: -1 dim: 120 } }',
    [IMAGE],
    ([x]) => as(x, BATCH, 120),
  ],
  [
    "reshape some axes",
    'type: "Reshape" reshape_param { axis: 1 num_axes: 2 shape { dim: 3 dim: -1 } }',
    [IMAGE],
    ([x]) => as(x, BATCH, 3, 8, 5),
  ],
  [
    "reshape with an axis more",
    'type: "Reshape" reshape_param { axis: -1 shape { dim: 1 } }',
    [[BATCH, 5]],
    ([x]) => as(x, BATCH, 5, 1),
  ],
  [
    "permute",
    'type: "Permute" permute_param { order: 0 order: 2 order: 3 order: 1 }',
    [IMAGE],
    ([x]) => build([BATCH, 6, 5, 4], (n, i, j, c) => at(x, n, c, i, j)),
  ],
  [
    "tile",
    'type: "Tile" tile_param { axis: 2 tiles: 3 }',
    [IMAGE],
    ([x]) => build([BATCH, 4, 18, 5], (n, c, i, j) => at(x, n, c, i % 6, j)),
  ],
  [
    "crop",
    'type: "Crop" crop_param { offset: 1 }',
    [IMAGE, [BATCH, 9, 4, 3]],
    ([x]) => build([BATCH, 4, 4, 3], (n, c, i, j) => at(x, n, c, i + 1, j + 1)),
  ],
  [
    "crop by an offset for each axis",
    'type: "Crop" crop_param { axis: 1 offset: 2 offset: 0 offset: 1 }',
    [IMAGE, [BATCH, 2, 6, 3]],
    ([x]) => build([BATCH, 2, 6, 3], (n, c, i, j) => at(x, n, c + 2, i, j + 1)),
  ],
  [
    "reduction",
    'type: "Reduction" reduction_param { axis: 2 }',
    [IMAGE],
    ([x]) =>
      build([BATCH, 4], (n, c) => x.data.subarray((n * 4 + c) * 30, (n * 4 + c + 1) * 30).reduce((a, b) => a + b, 0)),
  ],
  [
    "mean, scaled",
    'type: "Reduction" reduction_param { axis: 1 operation: MEAN coeff: 3 }',
    [[BATCH, 5]],
    ([x]) => build([BATCH], (n) => (3 * x.data.subarray(n * 5, n * 5 + 5).reduce((a, b) => a + b, 0)) / 5),
  ],
  [
    "sum of squares",
    'type: "Reduction" reduction_param { axis: 1 operation: SUMSQ }',
    [[BATCH, 5]],
    ([x]) => build([BATCH], (n) => x.data.subarray(n * 5, n * 5 + 5).reduce((a, b) => a + b * b, 0)),
  ],
  [
    "sum of absolute values",
    'type: "Reduction" reduction_param { axis: 1 operation: ASUM }',
    [[BATCH, 5]],
    ([x]) => build([BATCH], (n) => x.data.subarray(n * 5, n * 5 + 5).reduce((a, b) => a + Math.abs(b), 0)),
  ],
  [
    "place of the largest along an axis",
    'type: "ArgMax" argmax_param { axis: 1 }',
    [IMAGE],
    ([x]) =>
      build([BATCH, 1, 6, 5], (n, _, i, j) =>
        [0, 1, 2, 3].reduce((best, c) => (at(x, n, c, i, j) > at(x, n, best, i, j) ? c : best), 0),
      ),
  ],
  [
    "place of the largest in a sample",
    'type: "ArgMax"',
    [IMAGE],
    ([x]) =>
      build([BATCH, 1, 1], (n) => {
        const own = [...x.data.subarray(n * 120, (n + 1) * 120)];
        return own.indexOf(Math.max(...own));
      }),
  ],
];

describe("layers", () => {
  it.each(cases)("%s", (_, layer, shapes, plain) => check(layer, shapes, plain));
});

describe("pooling", () => {
  /** The text of a window and the same for the plain form. */
  function windows(seed: number) {
    const { below } = random(seed, "pooling");
    const kernel = [1 + below(4), 1 + below(4)] as const;
    const stride = [1 + below(3), 1 + below(3)] as const;
    const pad = [below(kernel[0]), below(kernel[1])] as const;
    const size = [kernel[0] + below(7), kernel[1] + below(7)];
    const text = ["kernel", "stride", "pad"].map((field, i) => {
      const [h, w] = [kernel, stride, pad][i];
      return `${field}_h: ${h} ${field}_w: ${w}`;
    });
    return { size, text: text.join(" "), window: { kernel, stride, pad } };
  }

  it.each(["MAX", "AVE"] as const)("%s is Caffe's for any window", async (method) => {
    let refused = 0;
    for (let seed = 0; seed < 60; seed++) {
      const { size, text, window } = windows(seed);
      const floor = seed % 4 === 0;
      const layer = `type: "Pooling" pooling_param { pool: ${method} ${text} ${floor ? "round_mode: FLOOR" : ""} }`;
      try {
        await check(layer, [[BATCH, 3, ...size]], ([x]) => pool(x, method, { ...window, floor }));
      } catch (error) {
        // Without padding Caffe lets a last window begin beyond the image.
        expect(String(error)).toMatch(/there is nothing in it/);
        expect(window.kernel.some((k, i) => k < window.stride[i])).toBe(true);
        refused++;
      }
    }
    expect(refused).toBeLessThan(10);
  });

  it.each<[string, string, number[], number[]]>([
    // 3 places of 3 by 2 over 6: the last window, begun at 4, has two of three.
    ["MAX", "kernel_size: 3 stride: 2", [1, 2, 3, 4, 5, 6], [3, 5, 6]],
    ["AVE", "kernel_size: 3 stride: 2", [1, 2, 3, 4, 5, 6], [2, 4, 5.5]],
    // With padding its zeros count: (0 + 1 + 2) / 3. The last window has 6 and 0, and what lies beyond does not count.
    ["AVE", "kernel_size: 3 stride: 3 pad: 1", [1, 2, 3, 4, 5, 6], [1, 4, 3]],
    // A third window would begin at 7 of 6: with padding, it goes.
    ["MAX", "kernel_size: 2 stride: 4 pad: 1", [1, 2, 3, 4, 5, 6], [1, 5]],
    // Begun at 5 of 6 and reaching to 8, beyond the padding at 7: two numbers count, 6 and 0.
    ["AVE", "kernel_size: 3 stride: 2 pad: 1", [1, 2, 3, 4, 5, 6], [1, 3, 5, 3]],
    ["MAX", "kernel_size: 3 stride: 2 pad: 1", [-1, -2, -3, -4, -5, -6], [-1, -2, -4, -6]],
  ])("%s with %s over %j", async (method, window, row, expected) => {
    // A row of a square image, the same in all rows: what is left is one axis.
    const x = build([1, 1, 6, 6], (_, __, ___, j) => row[j]);
    const { model } = imported(
      netText(`type: "Pooling" pooling_param { pool: ${method} ${window} }`, [[1, 1, 6, 6]], ["y"]),
    );
    const { y } = await run(model, { a: x });
    // The second row of places lies whole in the image.
    expect(expected.map((_, j) => at(y, 0, 0, 1, j))).toEqual(expected);
    expect(y.dims).toEqual([1, 1, expected.length, expected.length]);
  });

  it.each(["MAX", "AVE"] as const)("%s of all places", async (method) => {
    const layer = `type: "Pooling" pooling_param { pool: ${method} global_pooling: true }`;
    await check(layer, [IMAGE], ([x]) => pool(x, method, { kernel: [6, 5] }));
  });
});
