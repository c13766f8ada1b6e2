import { importCaffeFiles, inspect, preprocessingFor, readModel, writeModel } from "espalier";
import { nodeEngine } from "espalier/node";
import { describe, expect, it } from "vitest";
import { caffemodelOf, imported } from "../import/nets.ts";

const DEPLOY = `name: "net" input: "data" input_shape { dim: 10 dim: 3 dim: 8 dim: 8 }
  layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param { num_output: 4 kernel_size: 3 } }
  layer { name: "fc" type: "InnerProduct" bottom: "conv" top: "fc" inner_product_param { num_output: 2 } }`;
const prototxt = { name: "deploy.prototxt", bytes: new TextEncoder().encode(DEPLOY) };

describe("importCaffeFiles", () => {
  const caffemodel = { name: "net.caffemodel", bytes: caffemodelOf(imported(DEPLOY).weights.blobs) };

  it("gives a model that states how photographs become its input, and what of that it assumed", async () => {
    const { model, layers, preprocessing, assumed, parameters } = importCaffeFiles(
      { prototxt, caffemodel },
      { mean: [1, 2, 3] },
    );
    expect(layers.map(({ name, weights }) => [name, weights])).toEqual([
      ["conv", 108],
      ["fc", 288],
    ]);
    expect(parameters).toBe(108 + 4 + 288 + 2);
    expect(preprocessing).toEqual({ resize: [8, 8], crop: [8, 8], channels: "BGR", mean: [1, 2, 3], scale: [1, 1, 1] });
    expect(assumed).toEqual(["channels", "resize", "scale"]);
    const file = readModel(writeModel(model));
    expect(preprocessingFor(file)).toEqual(preprocessing);
    expect((await inspect(nodeEngine({ threads: 1 }), file)).layers).toHaveLength(2);
  });

  it("refuses a network without weights, with both, or of another input", () => {
    expect(() => importCaffeFiles({ prototxt })).toThrow(/give them with caffemodel or deepCompression/);
    expect(() => importCaffeFiles({ prototxt, caffemodel, deepCompression: caffemodel })).toThrow(/both are weights/);
    expect(() => importCaffeFiles({ prototxt, caffemodel }, { crop: [7, 7] })).toThrow(/leave out crop and channels/);
  });
});
