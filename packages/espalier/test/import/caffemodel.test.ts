import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { UserError } from "../../src/errors.ts";
import { TrainedNetSchema } from "../../src/import/caffe/caffe_pb.ts";
import { openCaffemodel } from "../../src/import/caffe/caffemodel.ts";
import { importCaffe } from "../../src/import/caffe/import-caffe.ts";
import type { FloatTensor } from "../../src/onnx/tensor.ts";
import { random } from "../../src/random.ts";
import { bytesOf, caffemodelOf, forms, imported, netOf } from "./nets.ts";

const NET = `
  input: "data" input_dim: 1 input_dim: 4 input_dim: 6 input_dim: 6
  layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param { num_output: 4 kernel_size: 3 group: 2 } }
  layer { name: "fc" type: "InnerProduct" bottom: "conv" top: "fc" inner_product_param { num_output: 5 } }`;

const { model: whole, weights } = imported(NET);
const { blobs } = weights;
const NAMES = ["conv.weight", "conv.bias", "fc.weight", "fc.bias"];
const weightsOf = (bytes: Uint8Array, net = NET) => {
  const { model } = importCaffe(netOf(net), openCaffemodel(bytes, "net.caffemodel"));
  return NAMES.map((name) => model.initializers.get(name));
};

/** What reading bytes that may be anything ends in. */
function refusal(bytes: Uint8Array): string | undefined {
  try {
    weightsOf(bytes);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    const { message } = error as UserError;
    expect(message).toMatch(/^net\.caffemodel[^\n]+\.$/);
    return message;
  }
}

describe("a caffemodel", () => {
  it("may have layers whose names a byte order mark alone tells apart", () => {
    const net = NET.replace('name: "fc"', 'name: "\ufeffconv"');
    const file = caffemodelOf(imported(net).weights.blobs);
    const { model } = importCaffe(netOf(net), openCaffemodel(file, "net.caffemodel"));
    expect(model.initializers.get("\ufeffconv.weight")?.dims).toEqual([5, 64]);
  });

  it.each(Object.keys(forms) as (keyof typeof forms)[])("of the form %s gives its weights", (form) => {
    expect(weightsOf(caffemodelOf(blobs, form))).toEqual(NAMES.map((name) => whole.initializers.get(name)));
  });

  it("may hold more layers than the network, and gradients", () => {
    const more = new Map([...blobs, ["other", blobs.get("fc") ?? []]]);
    expect(weightsOf(caffemodelOf(more))).toEqual(weightsOf(caffemodelOf(blobs)));
  });

  it("is read wherever it lies in memory", () => {
    const bytes = caffemodelOf(blobs);
    for (let shift = 0; shift < 4; shift++) {
      const moved = new Uint8Array(bytes.length + shift).subarray(shift);
      moved.set(bytes);
      expect(weightsOf(moved)).toEqual(weightsOf(bytes));
    }
  });

  const changed = (name: string, change: (tensors: FloatTensor[]) => FloatTensor[]) =>
    caffemodelOf(new Map([...blobs].map(([layer, tensors]) => [layer, layer === name ? change(tensors) : tensors])));

  it.each<[string, Uint8Array, RegExp]>([
    [
      "of another network",
      caffemodelOf(new Map([["elsewhere", blobs.get("fc") ?? []]])),
      /has for layer "conv" \(Convolution\) 0 blobs of weights, and the prototxt asks for \[4,2,3,3\], \[4\]: it is of another network/,
    ],
    [
      "of another shape",
      changed("fc", ([w, b]) => [{ ...w, dims: [8, 40] }, b]),
      /weights \[8,40\] where \[5,64\] belong/,
    ],
    [
      "of the transposed shape",
      changed("fc", ([w, b]) => [{ ...w, dims: [64, 5] }, b]),
      /weights \[64,5\] where \[5,64\] belong/,
    ],
    ["without biases", changed("conv", ([w]) => [w]), /1 blobs of weights/],
    [
      "with fewer numbers than it declares",
      changed("fc", ([w, b]) => [{ ...w, data: w.data.subarray(4) }, b]),
      /layer "fc", has 1264 bytes for 320 numbers/,
    ],
    [
      "without numbers",
      changed("fc", ([w, b]) => [{ ...w, data: new Float32Array(0) }, b]),
      /has 0 bytes for 320 numbers/,
    ],
    ["with huge axes", changed("fc", ([w, b]) => [{ ...w, dims: [2 ** 40, 2 ** 40] }, b]), /where \[5,64\] belong/],
    ["with negative axes", changed("fc", ([w, b]) => [{ ...w, dims: [-5, -64] }, b]), /where \[5,64\] belong/],
    ["with a thousand axes", changed("fc", ([w, b]) => [{ ...w, dims: Array(1000).fill(2) }, b]), /has for layer "fc"/],
    ["that is empty", new Uint8Array(0), /holds no trained layers/],
    ["that is a prototxt", bytesOf(NET), /is not a caffemodel, or is cut short or damaged/],
    [
      "without weights in its layers",
      toBinary(TrainedNetSchema, create(TrainedNetSchema, { layer: [{ name: "conv" }] })),
      /holds no trained layers/,
    ],
  ])("%s is refused", (_, bytes, message) => {
    expect(refusal(bytes)).toMatch(message);
  });

  it("cut anywhere is refused", () => {
    const bytes = caffemodelOf(blobs);
    for (let length = 0; length < bytes.length; length++) expect(refusal(bytes.subarray(0, length))).toBeDefined();
  });

  it("damaged anywhere, or of random bytes, gives weights or one sentence", () => {
    const { below } = random(1, "damage");
    for (let i = 0; i < 300; i++) refusal(Uint8Array.from({ length: below(200) }, () => below(256)));
    const bytes = caffemodelOf(blobs, "old");
    for (let i = 0; i < 300; i++) {
      const damaged = bytes.slice();
      for (let j = 0; j < 3; j++) damaged[below(bytes.length)] = below(256);
      refusal(damaged);
    }
  });
});
