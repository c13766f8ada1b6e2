import { channelCount, PREPROCESSING_KEY, type Preprocessing } from "../data/preprocessing.ts";
import { openCaffemodel } from "../import/caffe/caffemodel.ts";
import { openDeepCompression } from "../import/caffe/deep-compression.ts";
import { type CaffeImport, importCaffe } from "../import/caffe/import-caffe.ts";
import { channelMeans } from "../import/caffe/mean-file.ts";
import { readPrototxt } from "../import/caffe/net.ts";
import type { WeightFile } from "../import/caffe/weights.ts";
import type { Model } from "../onnx/graph.ts";
import { layersOf } from "../operators/layers.ts";
import { OptionsError } from "../options-error.ts";
import { countNonzero, partOf } from "../pruning/mask.ts";
import type { LayerRow } from "../report/layer-table.ts";
import { type ChosenPreprocessing, choosePreprocessing } from "./caffe-preprocessing.ts";
import { countParameters, type ParameterCounts } from "./network.ts";

/** The bytes of a file, and how messages name it. */
export interface NamedFile {
  /** How messages name it. */
  readonly name: string;
  /** What it holds. */
  readonly bytes: Uint8Array;
}

/** A Caffe network: its layers, and its weights in one of two forms. */
export interface CaffeFiles {
  /** The network, as text. */
  readonly prototxt: NamedFile;
  /** Its trained weights. */
  readonly caffemodel?: NamedFile;
  /** A .net file of Deep Compression. */
  readonly deepCompression?: NamedFile;
  /** A .binaryproto file with the mean image. */
  readonly mean?: NamedFile;
}

/** A Caffe network as an ONNX model, which states how photographs become its input. */
export interface CaffeImportResult extends ParameterCounts, Partial<ChosenPreprocessing> {
  /** The network as ONNX. */
  readonly model: Model;
  /** Each layer with weights. */
  readonly layers: readonly Pick<LayerRow, "name" | "op" | "weights" | "kept" | "density">[];
  /** The layers that were left out: losses and measures of training and testing. */
  readonly dropped: CaffeImport["dropped"];
}

/**
 * Turns a Caffe network into an ONNX model that computes the same: the layers of the phase TEST, without losses.
 * @param given how photographs become the input, where the prototxt does not say it
 * @throws UserError for a layer that has no equivalent here, files that are damaged or of another network, or
 *   preprocessing that does not fit the input
 */
export function importCaffeFiles(files: CaffeFiles, given: Partial<Preprocessing> = {}): CaffeImportResult {
  const net = readPrototxt(files.prototxt.bytes, files.prototxt.name);
  const shape = { channels: given.channels && channelCount(given.channels), size: given.crop };
  const { model, dropped, transform } = importCaffe(net, weightsOf(files), shape);
  const mean = files.mean ? channelMeans(files.mean.bytes, files.mean.name) : given.mean;
  const chosen = choosePreprocessing(model.inputs[0], transform, { ...given, mean });
  if (chosen) model.metadata.set(PREPROCESSING_KEY, JSON.stringify(chosen.preprocessing));
  const layers = layersOf(model).map(({ name, node, tensor }) => {
    const [weights, kept] = [tensor.data.length, countNonzero(tensor)];
    return { name, op: node.op, weights, kept, density: partOf(kept, weights) };
  });
  return { model, ...countParameters(model), layers, dropped, ...chosen };
}

function weightsOf({ caffemodel, deepCompression }: CaffeFiles): WeightFile {
  if (caffemodel && deepCompression) {
    throw new OptionsError(
      (o) => `${o("caffemodel")} cannot be used with ${o("deepCompression")}: both are weights, give one of them.`,
    );
  }
  if (caffemodel) return openCaffemodel(caffemodel.bytes, caffemodel.name);
  if (deepCompression) return openDeepCompression(deepCompression.bytes, deepCompression.name);
  throw new OptionsError(
    (o) => `The network has no weights: give them with ${o("caffemodel")} or ${o("deepCompression")}.`,
  );
}
