import { describe, expect, it } from "vitest";
import { UserError } from "../../src/errors.ts";
import { importCaffe } from "../../src/import/caffe/import-caffe.ts";
import { readPrototxt } from "../../src/import/caffe/net.ts";
import type { WeightFile } from "../../src/import/caffe/weights.ts";
import { random } from "../../src/random.ts";
import { netOf } from "./nets.ts";

/** Takes no memory: what is tested comes before the weights. */
const none: WeightFile = {
  read: () => {
    throw new UserError("net.prototxt asks for its weights.");
  },
};

/** What importing a text that may be anything ends in. */
function refusal(text: string): string {
  try {
    importCaffe(netOf(text), none);
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    const { message } = error as UserError;
    expect(message).toMatch(/^net\.prototxt[^\n]+\.$/);
    return message;
  }
  return "";
}

const INPUT = 'input: "x" input_dim: 1 input_dim: 4 input_dim: 6 input_dim: 6\n';
const layer = (rest: string, bottom = 'bottom: "x"') => `${INPUT} layer { name: "l" ${bottom} top: "y" ${rest} }`;
const conv = (param: string) => layer(`type: "Convolution" convolution_param { ${param} }`);
const pool = (param: string) => layer(`type: "Pooling" pooling_param { ${param} }`);

describe("a prototxt", () => {
  it.each<[string, string, RegExp]>([
    [
      "with an unknown layer",
      layer('type: "Python"'),
      /layer "l" \(Python\) is of a type that cannot be imported; known are Convolution/,
    ],
    ["with a layer without a type", layer(""), /layer "l" \(\) is of a type/],
    [
      "that reads what nothing makes",
      layer('type: "ReLU"', 'bottom: "ghost"'),
      /reads the blob "ghost", which no layer makes in the phase TEST/,
    ],
    [
      "that reads itself",
      layer('type: "ReLU"', 'bottom: "y"'),
      /reads the blob "y", which layer "l" \(ReLU\) makes, and that is left out or comes later/,
    ],
    [
      "that reads a loss",
      `${layer('type: "SoftmaxWithLoss"')} layer { name: "m" type: "ReLU" bottom: "y" top: "z" }`,
      /which layer "l" \(SoftmaxWithLoss\) makes, and that is left out/,
    ],
    [
      "with a blob without a name",
      `${INPUT} layer { name: "l" type: "ReLU" bottom: "x" top: "" }`,
      /makes a blob called ""/,
    ],
    [
      "with a blob of a name that is lost",
      `${INPUT} layer { name: "l" type: "ReLU" bottom: "x" top: "__proto__" }`,
      /makes a blob called "__proto__"/,
    ],
    [
      "that makes a blob twice",
      `${layer('type: "ReLU"')} layer { name: "m" type: "ReLU" bottom: "x" top: "y" }`,
      /layer "m" makes the blob "y" a second time/,
    ],
    [
      "that makes its input again",
      `${INPUT} layer { name: "l" type: "Input" top: "x" }`,
      /makes the blob "x" a second time/,
    ],
    [
      "that reads labels",
      'layer { name: "d" type: "Data" top: "x" top: "t" transform_param { crop_size: 4 } } layer { name: "l" type: "ReLU" bottom: "t" top: "y" }',
      /layer "l" \(ReLU\) reads the labels "t"/,
    ],
    ["without layers", INPUT, /has no layers/],
    [
      "of a solver",
      'net: "train.prototxt" base_lr: 0.01 lr_policy: "step"',
      /has no layers: give the prototxt of a network, not of a solver/,
    ],
    [
      "of the oldest form",
      'layers { layer { name: "conv1" type: "conv" num_output: 3 } bottom: "data" top: "conv1" }',
      /layers without a type, as files before 2014/,
    ],
    ["of both forms", 'layers { type: RELU } layer { type: "ReLU" }', /the old form .* and of the new/],
    [
      "with an input without a shape",
      'input: "x" layer { name: "l" type: "ReLU" bottom: "x" top: "y" }',
      /has 1 inputs and not one input_shape/,
    ],
    [
      "with half a shape",
      'input: "x" input_dim: 1 input_dim: 3 layer { name: "l" type: "ReLU" bottom: "x" top: "y" }',
      /four times input_dim/,
    ],
    [
      "with a layer Input without a shape",
      'layer { name: "i" type: "Input" top: "x" } layer { name: "l" type: "ReLU" bottom: "x" top: "y" }',
      /does not state the shape of "x"/,
    ],
    [
      "with an input of no axes",
      'input: "x" input_shape { } layer { name: "l" type: "ReLU" bottom: "x" top: "y" }',
      /does not state the shape/,
    ],
    [
      "with an input of no size",
      INPUT.replace("dim: 6", "dim: 0") + layer('type: "ReLU"').slice(INPUT.length),
      /the input "x" is a blob of \[batch,4,0,6\]/,
    ],
    [
      "with an input beyond memory",
      INPUT.replaceAll("dim: 6", "dim: 4000000000") + layer('type: "ReLU"').slice(INPUT.length),
      /the input "x" is a blob of/,
    ],
    [
      "without inputs that are read",
      'layer { name: "d" type: "DummyData" top: "x" dummy_data_param { num: 1 channels: 1 height: 1 width: 1 } }',
      /has no input that a layer reads/,
    ],
    [
      "with groups that do not divide",
      conv("num_output: 4 kernel_size: 1 group: 3"),
      /cannot split 4 inputs and 4 outputs into 3 groups/,
    ],
    ["with no groups", conv("num_output: 4 kernel_size: 1 group: 0"), /into 0 groups/],
    ["without a kernel", conv("num_output: 4"), /has 0 values of kernel_size for 2 axes/],
    [
      "with a kernel for three axes",
      conv("num_output: 4 kernel_size: 1 kernel_size: 1 kernel_size: 1"),
      /has 3 values of kernel_size for 2 axes/,
    ],
    ["with a kernel of 0", conv("num_output: 4 kernel_size: 0"), /a kernel_size or stride of 0/],
    ["with a stride of 0", conv("num_output: 4 kernel_size: 1 stride: 0"), /a kernel_size or stride of 0/],
    ["with a dilation of 0", conv("num_output: 4 kernel_size: 1 dilation: 0"), /a dilation of 0/],
    [
      "with a kernel larger than the image",
      conv("num_output: 4 kernel_size: 9"),
      /would make a blob of \[batch,4,-2,-2\]/,
    ],
    ["with no outputs", conv("kernel_size: 1"), /would make a blob of \[batch,0,6,6\]/],
    [
      "with outputs without number",
      conv("num_output: 4294967295 kernel_size: 1"),
      /would make a blob of \[batch,4294967295/,
    ],
    ["with padding without end", conv("num_output: 4 kernel_size: 1 pad: 4294967295"), /would make a blob/],
    [
      "with more weights than a file can have",
      layer('type: "InnerProduct" inner_product_param { num_output: 16000000 }'),
      /asks for 2320000000 weights, and an ONNX file ends at 2 GB/,
    ],
    ["with channels elsewhere", conv("num_output: 4 kernel_size: 1 axis: 2"), /has its channels on axis 2, not 1/],
    ["that pools at random", pool("pool: STOCHASTIC kernel_size: 2"), /pools at random/],
    ["that pools by padding alone", pool("kernel_size: 2 pad: 2"), /pads by its whole kernel_size/],
    [
      "that pools nothing",
      pool("kernel_size: 1 stride: 4"),
      /has a last window that begins at 8 of 6: there is nothing in it/,
    ],
    ["that pools without a window", pool("pool: MAX"), /has 0 values of kernel_size/],
    [
      "that pools over more than memory",
      pool("kernel_size: 4294967295 pad: 4294967294"),
      /would make a blob|begins at/,
    ],
    [
      "with two tops of pooling",
      pool("kernel_size: 2").replace('top: "y"', 'top: "y" top: "mask"'),
      /makes 2 blobs, and only one can be imported/,
    ],
    [
      "that convolves rows",
      'input: "x" input_shape { dim: 1 dim: 4 } layer { name: "l" type: "Convolution" bottom: "x" top: "y" convolution_param { num_output: 1 kernel_size: 1 } }',
      /needs images and reads a blob of \[batch,4\]/,
    ],
    [
      "that takes a batch together",
      layer('type: "InnerProduct" inner_product_param { num_output: 2 axis: 0 }'),
      /takes the samples of a batch together/,
    ],
    [
      "that flattens a batch",
      layer('type: "Flatten" flatten_param { axis: 0 }'),
      /takes the samples of a batch together/,
    ],
    ["that reduces a batch", layer('type: "Reduction"'), /reduces the batch/],
    [
      "that joins batches",
      layer('type: "Concat" concat_param { axis: 0 }', 'bottom: "x" bottom: "x"'),
      /joins batches/,
    ],
    ["that cuts batches", layer('type: "Slice" slice_param { axis: 0 }'), /takes batches apart/],
    ["that repeats batches", layer('type: "Tile" tile_param { axis: 0 tiles: 2 }'), /repeats batches/],
    ["that names an axis that is not there", layer('type: "Softmax" softmax_param { axis: 4 }'), /names axis 4 of 4/],
    [
      "that reshapes to another size",
      layer('type: "Reshape" reshape_param { shape { dim: 0 dim: 5 } }'),
      /cannot give a blob of \[batch,4,6,6\] the shape \[batch,5\]/,
    ],
    [
      "that reshapes a batch away",
      layer('type: "Reshape" reshape_param { shape { dim: 2 dim: -1 } }'),
      /leave the size of the batch open/,
    ],
    [
      "that reshapes with two open axes",
      layer('type: "Reshape" reshape_param { shape { dim: 0 dim: -1 dim: -1 } }'),
      /cannot give a blob/,
    ],
    [
      "that reshapes axes that are not there",
      layer('type: "Reshape" reshape_param { axis: 9 shape { dim: 1 } }'),
      /reshapes axes 9 to 4 of 4/,
    ],
    ["that permutes axes twice", layer('type: "Permute" permute_param { order: 1 order: 1 }'), /has the order 1, 1/],
    ["that permutes axes that are not there", layer('type: "Permute" permute_param { order: 7 }'), /has the order 7/],
    [
      "that slices unevenly",
      layer('type: "Slice"').replace('top: "y"', 'top: "y" top: "z" top: "w"'),
      /cannot cut 4 into 3 parts/,
    ],
    [
      "that slices past the end",
      layer('type: "Slice" slice_param { slice_point: 4 }').replace('top: "y"', 'top: "y" top: "z"'),
      /cannot cut 4 into 2 parts at 4/,
    ],
    ["that adds one blob", layer('type: "Eltwise"'), /reads 1 blobs and needs two or more/],
    ["that adds nothing", layer('type: "Eltwise"', ""), /reads 0 blobs/],
    [
      "that multiplies with coefficients",
      layer('type: "Eltwise" eltwise_param { operation: PROD coeff: 1 coeff: 2 }', 'bottom: "x" bottom: "x"'),
      /only sums have them/,
    ],
    ["that joins nothing", layer('type: "Concat"', ""), /reads no blobs/],
    ["that biases nothing", layer('type: "Bias"', ""), /reads 0 blobs, and one or two/],
    ["that activates nothing", layer('type: "ReLU"', ""), /reads 0 blobs, and only 1/],
    [
      "that scales axes that are not there",
      layer('type: "Scale" scale_param { axis: 3 num_axes: 2 }'),
      /names 2 axes from 3 on of 4/,
    ],
    ["that scales samples", layer('type: "Scale" scale_param { axis: 0 }'), /a weight for each sample of a batch/],
    ["with an even LRN", layer('type: "LRN" lrn_param { local_size: 4 }'), /has the local_size 4, which must be odd/],
    ["with a base of 0", layer('type: "Log" log_param { base: 0 }'), /has the base 0/],
    ["that drops all", layer('type: "Dropout" dropout_param { dropout_ratio: 1 }'), /has the dropout_ratio 1/],
    [
      "that asks for the five largest",
      layer('type: "ArgMax" argmax_param { top_k: 5 }'),
      /more than the place of the largest/,
    ],
  ])("%s is refused", (_, text, message) => {
    expect(refusal(text)).toMatch(message);
  });

  it("that crops or adds blobs of other shapes is refused", () => {
    const two = `${INPUT} input: "z" input_dim: 1 input_dim: 4 input_dim: 7 input_dim: 6\n`;
    const both = (rest: string) => refusal(`${two} layer { name: "l" bottom: "x" bottom: "z" top: "y" ${rest} }`);
    expect(both('type: "Eltwise"')).toMatch(/combines blobs of \[batch,4,6,6\] and \[batch,4,7,6\]/);
    expect(both('type: "Concat"')).toMatch(/which may differ in axis 1 only/);
    expect(both('type: "Crop"')).toMatch(/crops \[batch,4,6,6\] to \[7,6\] from 0, 0, past its end/);
    expect(both('type: "Crop" crop_param { axis: 0 }')).toMatch(/crops batches/);
    expect(both('type: "Crop" crop_param { axis: 1 offset: 1 offset: 1 }')).toMatch(/has 2 offsets/);
    expect(both('type: "Scale" scale_param { axis: 0 }')).toMatch(
      /combines blobs of \[batch,4,6,6\] and \[batch,4,7,6\]/,
    );
  });

  it("that is a caffemodel or larger than any is refused", () => {
    expect(refusal("\x0a\x05AlexNet\x1a\x04data")).toMatch(/not protobuf text; give a network's prototxt/);
    expect(() => readPrototxt(new Uint8Array(2 ** 24 + 1), "big")).toThrow(
      /big has 16777217 bytes and is not a prototxt/,
    );
  });

  it("cut anywhere gives a network or one sentence", () => {
    const whole = NETWORK.join("\n");
    let refused = 0;
    for (let length = 0; length < whole.length; length++)
      if (!/asks for its weights/.test(refusal(whole.slice(0, length)))) refused++;
    expect(refused).toBeGreaterThan(whole.length / 2);
  });

  it("with any numbers, names and lines gives a network or one sentence", () => {
    const { below } = random(1, "mutations");
    const numbers = ["0", "1", "-1", "2", "7", "1000000", "16777216", "4294967295", "9007199254740993", "0.5", "1e30"];
    const endings = new Set<string>();
    for (let i = 0; i < 1000; i++) {
      const lines = NETWORK.map((line) => {
        const chance = below(12);
        if (chance === 0) return "";
        if (chance === 1) return line.replace(/"[a-z0-9]+"/, `"${"abxyz"[below(5)]}"`);
        if (chance > 3) return line;
        const found = [...line.matchAll(/: -?[\d.]+/g)];
        const at = found[below(Math.max(1, found.length))];
        return at
          ? `${line.slice(0, at.index)}: ${numbers[below(numbers.length)]}${line.slice(at.index + at[0].length)}`
          : line;
      });
      endings.add(refusal(lines.join("\n")).replace(/^.*\(|\d+/g, ""));
    }
    // So much went wrong in different ways that something was tested.
    expect(endings.size).toBeGreaterThan(30);
  });
});

/** A layer of every kind, one a line. */
const NETWORK = `
input: "x" input_dim: 1 input_dim: 4 input_dim: 9 input_dim: 9
layer { name: "conv" type: "Convolution" bottom: "x" top: "a" convolution_param { num_output: 6 kernel_size: 3 pad: 1 stride: 1 group: 2 dilation: 1 } }
layer { name: "bn" type: "BatchNorm" bottom: "a" top: "a" batch_norm_param { eps: 0.001 } }
layer { name: "scale" type: "Scale" bottom: "a" top: "a" scale_param { axis: 1 num_axes: 1 bias_term: true } }
layer { name: "relu" type: "ReLU" bottom: "a" top: "a" relu_param { negative_slope: 0 } }
layer { name: "lrn" type: "LRN" bottom: "a" top: "b" lrn_param { local_size: 3 alpha: 0.1 norm_region: WITHIN_CHANNEL } }
layer { name: "pool" type: "Pooling" bottom: "b" top: "c" pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 } }
layer { name: "up" type: "Deconvolution" bottom: "c" top: "d" convolution_param { num_output: 6 kernel_size: 3 stride: 2 pad: 1 group: 6 } }
layer { name: "crop" type: "Crop" bottom: "d" bottom: "a" top: "e" crop_param { axis: 2 offset: 0 } }
layer { name: "sum" type: "Eltwise" bottom: "a" bottom: "e" top: "f" eltwise_param { coeff: 1 coeff: 2 } }
layer { name: "slice" type: "Slice" bottom: "f" top: "g" top: "h" slice_param { axis: 1 slice_point: 2 } }
layer { name: "concat" type: "Concat" bottom: "g" bottom: "h" bottom: "f" top: "i" concat_param { axis: 1 } }
layer { name: "permute" type: "Permute" bottom: "i" top: "j" permute_param { order: 0 order: 2 order: 3 order: 1 } }
layer { name: "reshape" type: "Reshape" bottom: "j" top: "k" reshape_param { shape { dim: 0 dim: 81 dim: -1 } axis: 0 num_axes: -1 } }
layer { name: "reduce" type: "Reduction" bottom: "k" top: "m" reduction_param { axis: 2 coeff: 2 } }
layer { name: "tile" type: "Tile" bottom: "m" top: "n" tile_param { axis: 1 tiles: 2 } }
layer { name: "prelu" type: "PReLU" bottom: "n" top: "n" }
layer { name: "power" type: "Power" bottom: "n" top: "n" power_param { power: 2 scale: 0.5 shift: 1 } }
layer { name: "drop" type: "Dropout" bottom: "n" top: "n" dropout_param { dropout_ratio: 0.5 } }
layer { name: "fc" type: "InnerProduct" bottom: "n" top: "o" inner_product_param { num_output: 5 axis: 1 } }
layer { name: "prob" type: "Softmax" bottom: "o" top: "p" softmax_param { axis: 1 } }`.split("\n");
