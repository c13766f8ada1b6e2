import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserError } from "../../src/errors.ts";
import { openDeepCompression } from "../../src/import/caffe/deep-compression.ts";
import { importCaffe } from "../../src/import/caffe/import-caffe.ts";
import { type CodedShape, decodeDeepCompression } from "../../src/import/deep-compression/decode.ts";
import { encodeDeepCompression, type SharedLayer } from "../../src/import/deep-compression/encode.ts";
import { isFloat32 } from "../../src/onnx/tensor.ts";
import { random } from "../../src/random.ts";
import { netOf } from "./nets.ts";

const shapeOf = ({ name, bits, weights, bias }: SharedLayer): CodedShape => ({
  name,
  bits,
  weights: weights.length,
  biases: bias.length,
});
const decoded = (bytes: Uint8Array, layers: readonly SharedLayer[]) =>
  decodeDeepCompression(bytes, layers.map(shapeOf), "a.net");

/** A layer of shared weights at a density. */
function sharedLayer(name: string, bits: 4 | 8, size: number, biases: number, density: number): SharedLayer {
  const { uniform, normal, below } = random(1, "shared", name);
  const values = Float32Array.from({ length: 2 ** bits - 1 }, normal);
  const weights = Float32Array.from({ length: size }, () => (uniform() < density ? values[below(values.length)] : 0));
  return { name, bits, weights, bias: Float32Array.from({ length: biases }, normal) };
}

describe("a .net file", () => {
  it("has the published layout", () => {
    // 40 weights, 3 of them at 2, 21 and 22: gaps 2, 15 to 18, 2 to 21, 0. Worked out by hand.
    const weights = new Float32Array(40);
    weights.set([0.5], 2);
    weights.set([-1, 0.5], 21);
    const bytes = encodeDeepCompression([{ name: "fc", bits: 4, weights, bias: Float32Array.of(7) }]);
    expect([...bytes.subarray(0, 4)]).toEqual([4, 0, 0, 0]);
    const codebook = new Float32Array(bytes.slice(4, 68).buffer);
    expect([...codebook]).toEqual([0, -1, 0.5, ...Array(13).fill(0)]);
    expect([...new Float32Array(bytes.slice(68, 72).buffer)]).toEqual([7]);
    // Codes 2, 0, 1, 2 and gaps 2, 15, 2, 0, low half first.
    expect([...bytes.subarray(72)]).toEqual([0x02, 0x21, 0xf2, 0x02]);
    expect(decoded(bytes, [{ name: "fc", bits: 4, weights, bias: Float32Array.of(7) }])[0].weights).toEqual(weights);
  });

  it("has one byte for the code of a convolution, and half bytes left over are empty", () => {
    const layer: SharedLayer = { name: "conv", bits: 8, weights: Float32Array.of(3, 0, -2), bias: new Float32Array(0) };
    const bytes = encodeDeepCompression([layer]);
    expect(bytes.length).toBe(4 + 1024 + 2 + 1);
    expect([...bytes.subarray(-3)]).toEqual([2, 1, 0x10]);
    expect(decoded(bytes, [layer])[0].weights).toEqual(layer.weights);
  });

  const layer = fc.record({
    bits: fc.constantFrom<4 | 8>(4, 8),
    // Runs of zeros, so that all gaps occur: none, 15, 16, 17, 32 and more.
    runs: fc.array(fc.tuple(fc.integer({ min: 0, max: 70 }), fc.integer({ min: 1, max: 15 })), { maxLength: 30 }),
    end: fc.integer({ min: 0, max: 40 }),
    bias: fc.float32Array({ maxLength: 5, noNaN: true }),
  });

  it("gives back what was encoded, whatever the gaps", () => {
    fc.assert(
      fc.property(fc.array(layer, { maxLength: 4 }), (all) => {
        const layers = all.map(({ bits, runs, end, bias }, i): SharedLayer => {
          const weights = Float32Array.from([
            ...runs.flatMap(([zeros, value]) => [...Array(zeros).fill(0), value - 7.5]),
            ...Array(end).fill(0),
          ]);
          return { name: `layer ${i}`, bits, weights, bias };
        });
        const bytes = encodeDeepCompression(layers);
        const back = decoded(bytes, layers);
        expect(back.map(({ weights, bias }) => [weights, bias])).toEqual(
          layers.map(({ weights, bias }) => [weights, bias]),
        );
        // What was decoded encodes to the same bytes.
        expect(encodeDeepCompression(layers.map((one, i) => ({ ...one, ...back[i] })))).toEqual(bytes);
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it("holds a network like AlexNet, scaled down", () => {
    const net = netOf(ALEXNET);
    const shared = [
      sharedLayer("conv1", 8, 12 * 3 * 11 * 11, 12, 0.84),
      sharedLayer("conv2", 8, 32 * 6 * 25, 32, 0.38),
      sharedLayer("fc6", 4, 512 * 32 * 7 * 7, 512, 0.09),
      sharedLayer("fc8", 4, 1000 * 512, 1000, 0.25),
    ];
    const bytes = encodeDeepCompression(shared);
    const { model } = importCaffe(net, openDeepCompression(bytes, "alexnet.net"));
    for (const { name, weights, bias } of shared) {
      const own = model.initializers.get(`${name}.weight`);
      // Not toEqual: it looks at each number for seconds.
      expect(isFloat32(own) && own.data.length === weights.length && own.data.every((w, i) => w === weights[i])).toBe(
        true,
      );
      expect(model.initializers.get(`${name}.bias`)?.data).toEqual(bias);
    }
    expect(model.initializers.get("conv2.weight")?.dims).toEqual([32, 6, 5, 5]);
    const dense = [...model.initializers.values()]
      .filter(isFloat32)
      .reduce((sum, { data }) => sum + data.byteLength, 0);
    expect(dense / bytes.length).toBeGreaterThan(20);
  });
});

const ALEXNET = `
  input: "data" input_dim: 1 input_dim: 3 input_dim: 67 input_dim: 67
  layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1" convolution_param { num_output: 12 kernel_size: 11 stride: 4 } }
  layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
  layer { name: "norm1" type: "LRN" bottom: "conv1" top: "norm1" lrn_param { local_size: 5 alpha: 0.0001 beta: 0.75 } }
  layer { name: "pool1" type: "Pooling" bottom: "norm1" top: "pool1" pooling_param { pool: MAX kernel_size: 3 stride: 2 } }
  layer { name: "conv2" type: "Convolution" bottom: "pool1" top: "conv2" convolution_param { num_output: 32 pad: 2 kernel_size: 5 group: 2 } }
  layer { name: "fc6" type: "InnerProduct" bottom: "conv2" top: "fc6" inner_product_param { num_output: 512 } }
  layer { name: "drop6" type: "Dropout" bottom: "fc6" top: "fc6" }
  layer { name: "fc8" type: "InnerProduct" bottom: "fc6" top: "fc8" inner_product_param { num_output: 1000 } }`;

describe("a hostile .net file", () => {
  const layers = [sharedLayer("conv", 8, 50, 2, 0.5), sharedLayer("fc", 4, 70, 3, 0.2)];
  const bytes = encodeDeepCompression(layers);
  const changed = (change: (view: DataView) => void) => {
    const copy = bytes.slice();
    change(new DataView(copy.buffer));
    return copy;
  };

  function refusal(file: Uint8Array, of = layers): string | undefined {
    try {
      decoded(file, of);
      return undefined;
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
      const { message } = error as UserError;
      expect(message).toMatch(/^a\.net [^\n]+\.$/);
      return message;
    }
  }

  it("is as good as it was", () => expect(refusal(bytes)).toBeUndefined());

  it("is cut anywhere", () => {
    for (let length = 0; length < bytes.length; length++)
      expect(refusal(bytes.subarray(0, length))).toMatch(/cut short/);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["is too long", Uint8Array.of(...bytes, 0), /has \d+ bytes where its counts ask for \d+: it is too long/],
    [
      "counts more entries than weights",
      changed((view) => view.setUint32(0, 51, true)),
      /counts 51 entries for the 50 weights of layer "conv"/,
    ],
    [
      "counts four thousand million entries",
      changed((view) => view.setUint32(4, 2 ** 32 - 1, true)),
      /counts 4294967295 entries/,
    ],
    [
      "has a codebook that does not begin with zero",
      changed((view) => view.setFloat32(8, 0.5, true)),
      /a codebook for layer "conv" that begins with 0\.5/,
    ],
    [
      "has gaps that run past the end",
      changed((view) => {
        for (let i = bytes.length - 4; i < bytes.length; i++) view.setUint8(i, 0xff);
      }),
      /places weights of layer "fc" at \d+, past its 70/,
    ],
  ])("%s", (_, file, message) => {
    expect(refusal(file)).toMatch(message);
  });

  it("is of a network with other layers", () => {
    expect(refusal(bytes, layers.slice(1))).toMatch(/another network/);
    expect(refusal(bytes, [...layers, layers[0]])).toMatch(/another network/);
  });

  it("is random, or damaged anywhere", () => {
    const { below } = random(1, "damage");
    for (let i = 0; i < 300; i++) refusal(Uint8Array.from({ length: below(300) }, () => below(256)));
    for (let i = 0; i < 500; i++) refusal(changed((view) => view.setUint8(below(bytes.length), below(256))));
  });

  it("is for a network with layers that such files do not hold", () => {
    const net = netOf(`
      input: "data" input_dim: 1 input_dim: 3 input_dim: 4 input_dim: 4
      layer { name: "bn" type: "BatchNorm" bottom: "data" top: "bn" }`);
    expect(() => importCaffe(net, openDeepCompression(bytes, "a.net"))).toThrow(
      /a\.net can hold convolutions .* layer "bn" \(BatchNorm\) has weights too/,
    );
  });
});

describe("encoding", () => {
  const of = (weights: number[], more: Partial<SharedLayer> = {}): SharedLayer => ({
    name: "fc",
    bits: 4,
    weights: Float32Array.from(weights),
    bias: new Float32Array(0),
    ...more,
  });
  it("refuses weights that are not shared", () => {
    const many = Array.from({ length: 16 }, (_, i) => i + 1);
    expect(() => encodeDeepCompression([of(many)])).toThrow(/Layer "fc" has more than 15 different weights/);
    expect(encodeDeepCompression([of(many.slice(1))]).length).toBeGreaterThan(0);
    expect(() => encodeDeepCompression([of([Number.NaN])])).toThrow(UserError);
    expect(() => encodeDeepCompression([of([1], { codebook: new Float32Array(16) })])).toThrow(/lacks its weight 1/);
    expect(() => encodeDeepCompression([of([1], { codebook: new Float32Array(4) })])).toThrow(/codebook of layer "fc"/);
  });
});
