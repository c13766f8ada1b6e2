import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openDeepCompression } from "../../src/import/caffe/deep-compression.ts";
import { importCaffe } from "../../src/import/caffe/import-caffe.ts";
import { readPrototxt } from "../../src/import/caffe/net.ts";
import type { TrainedLayer } from "../../src/import/caffe/weights.ts";
import { decodeDeepCompression } from "../../src/import/deep-compression/decode.ts";
import { encodeDeepCompression } from "../../src/import/deep-compression/encode.ts";
import { sizeOf } from "../../src/onnx/tensor.ts";
import { layersOf } from "../../src/operators/layers.ts";
import { countNonzero } from "../../src/pruning/mask.ts";

const folder = new URL("../../../../../shared/data/songhan-squeezenet/", import.meta.url);

describe.skipIf(!existsSync(folder))("the authors' SqueezeNet (skipped where ../shared is absent)", () => {
  const file = (name: string) => new Uint8Array(readFileSync(new URL(name, folder)));
  const bytes = existsSync(folder) ? file("compressed_SqueezeNet.net") : new Uint8Array();

  it.each(["deploy", "trainval"])("is read by its %s prototxt, every byte", (name) => {
    const net = readPrototxt(file(`SqueezeNet_${name}.prototxt`));
    const { model, dropped } = importCaffe(net, openDeepCompression(bytes));
    const layers = layersOf(model);
    const sum = (numbers: number[]) => numbers.reduce((all, one) => all + one, 0);
    expect(layers.length).toBe(26);
    expect(sum(layers.map(({ tensor }) => tensor.data.length))).toBe(1_244_448);
    expect(sum(layers.map(({ tensor }) => countNonzero(tensor)))).toBe(415_921);
    expect(model.inputs[0].shape).toEqual(["batch", 3, 227, 227]);
    expect(model.outputs).toEqual([{ name: "pool_final", dtype: "float32", shape: ["batch", 1000, 1, 1] }]);
    expect(dropped.map(({ type }) => type)).toEqual(
      name === "deploy" ? [] : ["SoftmaxWithLoss", "Accuracy", "Accuracy"],
    );
  });

  it("is refused a byte shorter or longer", () => {
    const net = readPrototxt(file("SqueezeNet_deploy.prototxt"));
    const open = (changed: Uint8Array) => () => importCaffe(net, openDeepCompression(changed, "a.net"));
    expect(open(bytes.subarray(0, -1))).toThrow(
      /^a\.net has 675762 bytes where its counts ask for 675763: it is cut short/,
    );
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    expect(open(longer)).toThrow(/too long/);
  });

  it("encodes to the same bytes again", () => {
    let wanted: readonly TrainedLayer[] = [];
    const spy = openDeepCompression(bytes);
    importCaffe(readPrototxt(file("SqueezeNet_deploy.prototxt")), {
      read: (layers) => {
        wanted = layers;
        return spy.read(layers);
      },
    });
    const shapes = wanted.map(({ name, blobs: [weights, bias] }) => ({
      name,
      bits: 8 as const,
      weights: sizeOf(weights),
      biases: sizeOf(bias),
    }));
    const layers = decodeDeepCompression(bytes, shapes).map((layer, i) => ({ ...shapes[i], ...layer }));
    // Not toEqual: it looks at each byte for seconds.
    expect(Buffer.compare(encodeDeepCompression(layers), bytes)).toBe(0);
  });
});
