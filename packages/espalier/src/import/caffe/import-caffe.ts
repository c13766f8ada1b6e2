import { UserError } from "../../errors.ts";
import { GraphBuilder } from "../../onnx/builder.ts";
import { emptyModel, type Model } from "../../onnx/graph.ts";
import { sizeOf } from "../../onnx/tensor.ts";
import { type Blob, tooLarge } from "./blob.ts";
import { declaredBatch, type ImageShape, inputShape, isInput, isLabel, type Transform, transformOf } from "./input.ts";
import { LayerBuild, type NetBuild } from "./layer-build.ts";
import { layerRules, trainingOnly } from "./layers/index.ts";
import type { CaffeNet } from "./net.ts";
import { addOutputs } from "./outputs.ts";
import type { WeightFile } from "./weights.ts";
import { type BlobState, type WiredLayer, wire } from "./wiring.ts";

/** A Caffe network as an ONNX model. */
export interface CaffeImport {
  readonly model: Model;
  /** The layers that were left out: losses and measures of training and testing. */
  readonly dropped: readonly { readonly name: string; readonly type: string }[];
  /** What the prototxt's layer of data does to images; undefined where it has only the shape of the input. */
  readonly transform?: Transform;
}

/** An ONNX file ends at 2 GB. */
const MOST_WEIGHTS = (2 ** 31 - 1) / 4;

/**
 * Turns a Caffe network into an ONNX model that computes the same, with an open batch.
 *
 * Values have the names of the blobs; where a layer works in place, the last state of a blob has its name and those
 * before are called BLOB/1, BLOB/2, ... Weights are called LAYER.weight and LAYER.bias.
 * @param given the shape of images that come from a database, where the prototxt does not state it
 * @throws UserError for a layer that has no equivalent here, or weights that are not of this network
 */
export function importCaffe(net: CaffeNet, weights: WeightFile, given: ImageShape = {}): CaffeImport {
  const { source } = net;
  const kept = net.layers.filter(({ type }) => !trainingOnly.has(type));
  const dropped = net.layers.filter(({ type }) => trainingOnly.has(type));
  const layers = wire(net, kept);
  const graph = new GraphBuilder(emptyModel(net.name));
  const { model } = graph;
  for (const { value } of layers.flatMap(({ tops }) => tops)) graph.reserve(value);
  const batch = kept
    .filter(isInput)
    .map(declaredBatch)
    .find((size) => size !== undefined);
  const build: NetBuild = { source, graph, batch, trained: [], shared: new Map() };
  const blobs = new Map<BlobState, Blob>();
  for (const wired of layers) {
    const made = isInput(wired.layer) ? feed(model, wired, source, given) : compute(build, wired, blobs);
    for (const [i, blob] of made.entries()) blobs.set(wired.tops[i], blob);
  }
  if (model.inputs.length === 0)
    throw new UserError(
      `${source} has no input that a layer reads: give the prototxt that the network is deployed with.`,
    );
  addOutputs(graph, blobs, dropped);
  fill(build, weights);
  const transform = kept
    .filter(isInput)
    .map(transformOf)
    .find((found) => found !== undefined);
  return { model, dropped: dropped.map(({ name, type }) => ({ name, type })), transform };
}

/** Declares the tops of an input layer that layers read. */
function feed(model: Model, { layer, tops }: WiredLayer, source: string, given: ImageShape): Blob[] {
  return tops.map(({ blob, value, readers }, i) => {
    const [reader] = readers;
    if (!reader) return { value, shape: [] };
    if (isLabel(layer, i))
      throw new UserError(
        `${source}: layer "${reader.name}" (${reader.type}) reads the labels "${blob}", which only training has: give the prototxt that the network is deployed with.`,
      );
    const shape = inputShape(layer, i, source, given);
    const wrong = tooLarge(shape);
    if (wrong) throw new UserError(`${source}: the input "${blob}" is ${wrong}: state its true size.`);
    model.inputs.push({ name: value, dtype: "float32", shape });
    return { value, shape };
  });
}

function compute(build: NetBuild, { layer, bottoms, tops }: WiredLayer, blobs: ReadonlyMap<BlobState, Blob>): Blob[] {
  const read = bottoms.map((state) => blobs.get(state) ?? { value: state.value, shape: [] });
  const built = new LayerBuild(build, layer, read, tops);
  const rule = layerRules.get(layer.type);
  if (!rule) throw built.error(`is of a type that cannot be imported; known are ${[...layerRules.keys()].join(", ")}`);
  rule(built);
  return built.made;
}

/** Reads the weights that the layers ask for. */
function fill({ source, trained }: NetBuild, weights: WeightFile): void {
  const layers = trained.map(({ layer }) => layer);
  const count = layers.flatMap(({ blobs }) => blobs).reduce((sum, dims) => sum + sizeOf(dims), 0);
  if (count > MOST_WEIGHTS)
    throw new UserError(`${source} asks for ${count} weights, and an ONNX file ends at 2 GB: split the network.`);
  for (const [i, tensors] of weights.read(layers).entries()) trained[i].place(tensors);
}
