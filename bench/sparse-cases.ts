import { existsSync, readFileSync } from "node:fs";
import { openDeepCompression } from "../packages/espalier/src/import/caffe/deep-compression.ts";
import { importCaffe } from "../packages/espalier/src/import/caffe/import-caffe.ts";
import { readPrototxt } from "../packages/espalier/src/import/caffe/net.ts";
import { networks } from "../packages/espalier/src/models/index.ts";
import { int } from "../packages/espalier/src/onnx/attributes.ts";
import { conv2d, dense, type LayerBuilder, relu } from "../packages/espalier/src/onnx/build/layers.ts";
import { sequential } from "../packages/espalier/src/onnx/build/sequential.ts";
import { GraphBuilder } from "../packages/espalier/src/onnx/builder.ts";
import { copyModel, emptyModel, type Model } from "../packages/espalier/src/onnx/graph.ts";
import { copyOf, float32, isFloat32, sizeOf } from "../packages/espalier/src/onnx/tensor.ts";
import { random } from "../packages/espalier/src/random.ts";

/** What the peer script builds by itself. */
export interface PeerLayer {
  readonly kind: "linear" | "conv";
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel?: number;
  readonly size?: number;
  readonly pad?: number;
  readonly groups?: number;
}

export interface CaseBuilder {
  readonly name: string;
  readonly batches: readonly number[];
  readonly peer?: PeerLayer;
  build(): Model;
}

export interface Case extends CaseBuilder {
  readonly model: Model;
  readonly batch: number;
}

const BATCHES = [1, 8, 64];

/** What part of a model's weights is not zero. */
export function densityOf({ initializers }: Model): number {
  let [all, nonzero] = [0, 0];
  for (const { dims, data } of initializers.values()) {
    if (dims.length < 2) continue;
    all += data.length;
    for (const value of data) if (value !== 0) nonzero++;
  }
  return nonzero / all;
}

/** A model with connections cut at random, so that each layer has the density given in the layers' order. */
function cutTo(model: Model, densities: readonly number[]): Model {
  const cut = copyModel(model);
  const { uniform } = random(1, "cut");
  const weights = [...model.initializers].filter(([, { dims }]) => dims.length >= 2);
  for (const [i, [name, tensor]] of weights.entries()) {
    if (!isFloat32(tensor)) continue;
    const copy = copyOf(tensor);
    const density = densities[Math.min(i, densities.length - 1)];
    for (let k = 0; k < copy.data.length; k++) if (uniform() >= density) copy.data[k] = 0;
    cut.initializers.set(name, copy);
  }
  return cut;
}

const single = (layer: LayerBuilder, input: readonly number[], density: number) => () =>
  cutTo(sequential([layer, relu()], { name: "layer", input, seed: 1 }), [density]);

function fully(name: string, inputs: number, outputs: number, density: number, batches = BATCHES): CaseBuilder {
  return {
    name,
    batches,
    peer: { kind: "linear", inputs, outputs },
    build: single(dense(outputs), [inputs], density),
  };
}

function convolution(
  name: string,
  [inputs, size]: readonly [number, number],
  [outputs, kernel]: readonly [number, number],
  density: number,
  { stride = 1, pad = 0, groups = 1 } = {},
  batches: readonly number[] = [1, 8],
): CaseBuilder {
  return {
    name,
    batches,
    peer: stride === 1 ? { kind: "conv", inputs, outputs, kernel, size, pad, groups } : undefined,
    build: single(conv2d(outputs, kernel, { stride, pad, groups }), [inputs, size, size], density),
  };
}

/** One step of an LSTM: of NeuralTalk's size, which reads 512 values and has 512 cells. */
function lstm(name: string, size: number, density: number): CaseBuilder {
  const build = () => {
    const model = emptyModel("lstm");
    model.inputs.push({ name: "input", dtype: "float32", shape: ["time", 1, size] });
    const graph = new GraphBuilder(model);
    const { normal } = random(1, "lstm");
    const dims = [1, 4 * size, size];
    const [w, r] = ["w", "r"].map((weights) =>
      graph.initializer(
        weights,
        float32(
          dims,
          Float32Array.from({ length: sizeOf(dims) }, () => 0.05 * normal()),
        ),
      ),
    );
    const [all] = graph.emitMany("LSTM", ["input", w, r], { hidden_size: int(size) }, 1);
    model.outputs.push({ name: all, dtype: "float32" });
    return cutTo(model, [density]);
  };
  return { name, batches: [1], build };
}

export function whole(network: string, densities: readonly number[], batches = BATCHES): CaseBuilder {
  const build = networks.get(network)?.build;
  if (!build) throw new Error(`no network ${network}`);
  return { name: network, batches, build: () => cutTo(build({ seed: 1 }), densities) };
}

/** The same with weights of 32 values on either side of zero, as they are shared after pruning. */
export function shared({ name, batches, build }: CaseBuilder): CaseBuilder {
  const rounded = () => {
    const model = build();
    for (const { dims, data } of model.initializers.values()) {
      if (dims.length < 2 || !(data instanceof Float32Array)) continue;
      const step = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 32;
      for (const [i, value] of data.entries()) {
        if (value !== 0) data[i] = Math.sign(value) * step * Math.max(1, Math.round(Math.abs(value) / step));
      }
    }
    return model;
  };
  return { name: `${name}, weights shared`, batches, build: rounded };
}

const published = new URL("../../shared/data/songhan-squeezenet/", import.meta.url);

/** The authors' own pruned SqueezeNet, where it is there. */
function authors(): CaseBuilder[] {
  if (!existsSync(published)) return [];
  const file = (name: string) => readFileSync(new URL(name, published));
  const build = () => {
    const net = readPrototxt(file("SqueezeNet_deploy.prototxt"), "SqueezeNet_deploy.prototxt");
    return importCaffe(net, openDeepCompression(file("compressed_SqueezeNet.net"), "compressed_SqueezeNet.net")).model;
  };
  return [{ name: "the authors' SqueezeNet", batches: [1], build }];
}

/** Densities of the convolutions and dense layers: what `prune` reaches here, or what was published. */
export const cases: readonly CaseBuilder[] = [
  whole("lenet-300-100", [0.016, 0.06, 0.4]),
  whole("lenet-5", [0.2, 0.03, 0.004, 0.12]),
  fully("AlexNet fc6", 9216, 4096, 0.09),
  fully("VGG-16 fc6", 25_088, 4096, 0.04, [1, 8]),
  convolution("AlexNet conv1", [3, 227], [96, 11], 0.84, { stride: 4 }),
  convolution("AlexNet conv2", [96, 27], [256, 5], 0.38, { pad: 2, groups: 2 }),
  convolution("AlexNet conv3", [256, 13], [384, 3], 0.35, { pad: 1 }),
  convolution("AlexNet conv4", [384, 13], [384, 3], 0.37, { pad: 1, groups: 2 }),
  convolution("AlexNet conv5", [384, 13], [256, 3], 0.37, { pad: 1, groups: 2 }),
  convolution("SqueezeNet fire2 expand3x3", [16, 55], [64, 3], 0.3, { pad: 1 }),
  convolution("SqueezeNet fire5 expand3x3", [32, 27], [128, 3], 0.3, { pad: 1 }),
  convolution("SqueezeNet fire9 expand3x3", [64, 13], [256, 3], 0.3, { pad: 1 }),
  convolution("SqueezeNet fire9 squeeze1x1", [512, 13], [64, 1], 0.3),
  lstm("LSTM step, 512 cells", 512, 0.1),
  lstm("LSTM step, 128 cells, dense", 128, 1),
  ...authors(),
];

const DENSITIES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

/** Two layers at every density, to see where sparse begins to win. */
export const sweep: readonly CaseBuilder[] = DENSITIES.flatMap((density) => [
  fully("AlexNet fc7", 4096, 4096, density, [1]),
  convolution("AlexNet conv3", [256, 13], [384, 3], density, { pad: 1 }, [1]),
]);
