import { existsSync, readFileSync } from "node:fs";
import { openDataset } from "../packages/espalier/src/data/spec.ts";
import { nodeEngine } from "../packages/espalier/src/engine/node.ts";
import { openDeepCompression } from "../packages/espalier/src/import/caffe/deep-compression.ts";
import { importCaffe } from "../packages/espalier/src/import/caffe/import-caffe.ts";
import { readPrototxt } from "../packages/espalier/src/import/caffe/net.ts";
import { encodeDeepCompression } from "../packages/espalier/src/import/deep-compression/encode.ts";
import { alexnet } from "../packages/espalier/src/models/alexnet.ts";
import { lenet300100 } from "../packages/espalier/src/models/lenet-300-100.ts";
import type { Model } from "../packages/espalier/src/onnx/graph.ts";
import { readModel } from "../packages/espalier/src/onnx/read.ts";
import { type FloatTensor, float32, isFloat32 } from "../packages/espalier/src/onnx/tensor.ts";
import { layersOf } from "../packages/espalier/src/operators/layers.ts";
import { roundsOf } from "../packages/espalier/src/pruning/recipe-rounds.ts";
import { recipeOf } from "../packages/espalier/src/pruning/recipes.ts";
import { runRounds } from "../packages/espalier/src/pruning/rounds.ts";
import { chooseMasks } from "../packages/espalier/src/pruning/target.ts";
import { random } from "../packages/espalier/src/random.ts";
import { bitsFor, share, withShared } from "../packages/espalier/src/sharing/share.ts";
import { applyMasks, parametersOf, withParameters } from "../packages/espalier/src/training/parameters.ts";
import { decode } from "../packages/runtime/src/codec/whole.ts";

/** A network that is pruned and shared. */
export interface SharedNetwork {
  readonly model: Model;
  /** Bytes of its `.net` file. */
  readonly net?: number;
}

/** The networks by the names that the command line takes; undefined where one's data are not here. */
export const networks: Readonly<Record<string, () => SharedNetwork | undefined | Promise<SharedNetwork>>> = {
  "lenet-300-100": prunedLeNet300,
  "lenet-5": digitLeNet5,
  squeezenet: authorsSqueezeNet,
  alexnet: drawnAlexNet,
};

/** Trained and pruned to 12x in few epochs, 5 bits. */
async function prunedLeNet300(): Promise<SharedNetwork> {
  const untrained = lenet300100({ seed: 1 });
  const { optimizer, train, prune } = recipeOf("lenet-300-100", true);
  const recipe = { batch: 64, optimizer, train: { ...train, epochs: 3 }, prune: { ...prune, rounds: 1, epochs: 3 } };
  const { train: first, prune: then } = roundsOf(recipe, untrained);
  const data = await openDataset("mnist");
  const { best } = await runRounds(nodeEngine(), untrained, data, [first, ...then], { batch: recipe.batch, seed: 1 });
  return { model: sharedBy(withParameters(untrained, best), [["*", 5]]) };
}

/** The one of the digit page, 5 bits. */
function digitLeNet5(): SharedNetwork {
  const file = readFileSync(new URL("../examples/digit/lenet-5.esp", import.meta.url));
  return { model: sharedBy(readModel(decode(file)), [["*", 5]]) };
}

function sharedBy(model: Model, bits: readonly (readonly [string, number])[]): Model {
  return withShared(model, share(model, bitsFor(model, bits, 5), { seed: 1 }));
}

const shared = new URL("../../shared/data/songhan-squeezenet/", import.meta.url);

/** The authors' own, where it is there. */
function authorsSqueezeNet(): SharedNetwork | undefined {
  if (!existsSync(shared)) return undefined;
  const [prototxt, net] = ["SqueezeNet_deploy.prototxt", "compressed_SqueezeNet.net"];
  const file = (name: string) => new Uint8Array(readFileSync(new URL(name, shared)));
  const bytes = file(net);
  const { model } = importCaffe(readPrototxt(file(prototxt), prototxt), openDeepCompression(bytes, net));
  return { model, net: bytes.length };
}

/** Of each layer the part that Deep Compression keeps (Han et al., arXiv 1510.00149, table 4). */
const DENSITIES = [
  ["conv1", 0.84],
  ["conv2", 0.38],
  ["conv3", 0.35],
  ["conv4", 0.37],
  ["conv5", 0.37],
  ["fc6", 0.09],
  ["fc7", 0.09],
  ["fc8", 0.25],
] as const;

/**
 * AlexNet's layers, normal weights of which the largest are kept, shared by k-means with 8 bits for convolutions and 5 for
 * fully connected layers; biases are normal too. The places of its weights are drawn, so that no context foretells them.
 */
function drawnAlexNet(): SharedNetwork {
  const drawn = alexnet({ seed: 1 });
  const layers = layersOf(drawn);
  const weights = parametersOf(
    drawn,
    layers.map(({ weight }) => weight),
  );
  const masks = chooseMasks({ kind: "density", layers: DENSITIES }, layers, weights);
  const biases = new Map<string, FloatTensor>();
  for (const layer of layers) {
    const name = layer.bias;
    if (name === undefined) continue;
    const bias = float32([layer.tensor.dims[0]]);
    for (let i = 0; i < bias.data.length; i++) bias.data[i] = 0.01 * random(1, name, i).normal();
    biases.set(name, bias);
  }
  const pruned = withParameters(drawn, new Map([...applyMasks(weights, masks), ...biases]));
  const bits = bitsFor(pruned, [
    ["conv*", 8],
    ["fc*", 5],
  ]);
  const model = withShared(pruned, share(pruned, bits, { seed: 1 }));
  return { model, net: netBytes(model) };
}

/** Bits of a code where layers are fully connected. The form itself has only 4 and 8. */
const DENSE_BITS = 5;

/** The bytes that a network takes in the form of a `.net` file whose fully connected layers have codes of 5 bits. */
function netBytes(model: Model): number {
  return layersOf(model).reduce((sum, layer) => {
    const { name, node, tensor } = layer;
    const bias = model.initializers.get(layer.bias ?? "");
    const file = encodeDeepCompression([
      { name, bits: 8, weights: tensor.data, bias: isFloat32(bias) ? bias.data : new Float32Array(0) },
    ]);
    if (node.op === "Conv") return sum + file.length;
    const entries = new DataView(file.buffer).getUint32(0, true);
    // Codes and codebook are shorter.
    return sum + file.length - Math.floor((entries * (8 - DENSE_BITS)) / 8) - 4 * (2 ** 8 - 2 ** DENSE_BITS);
  }, 0);
}
