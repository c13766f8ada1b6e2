import { create, toBinary } from "@bufbuild/protobuf";
import { UserError } from "../../../packages/espalier/src/errors.ts";
import { TrainedBlobSchema } from "../../../packages/espalier/src/import/caffe/caffe_pb.ts";
import { importCaffe } from "../../../packages/espalier/src/import/caffe/import-caffe.ts";
import type { WeightFile } from "../../../packages/espalier/src/import/caffe/weights.ts";
import {
  encodeDeepCompression,
  type SharedLayer,
} from "../../../packages/espalier/src/import/deep-compression/encode.ts";
import { importCaffeFiles } from "../../../packages/espalier/src/library/import-caffe.ts";
import type { Model } from "../../../packages/espalier/src/onnx/graph.ts";
import { readModel } from "../../../packages/espalier/src/onnx/read.ts";
import { sizeOf } from "../../../packages/espalier/src/onnx/tensor.ts";
import { writeModel } from "../../../packages/espalier/src/onnx/write.ts";
import { caffemodelOf, forms, imported, NoiseWeights, netOf } from "../../../packages/espalier/test/import/nets.ts";
import { mutated, oneOf } from "../mutate/bytes.ts";
import { mutatedMessage } from "../mutate/protobuf.ts";
import { mutatedText } from "../mutate/text.ts";
import { type Target, unlessRefused } from "../target.ts";
import { CAFFE_NETS, PLAIN_NET } from "./caffe-nets.ts";

/** Layers with more weights are not filled: a file that has them would be as large. */
const MOST_WEIGHTS = 2 ** 14;

/** Weights for any network that is small. */
function weightsFor(): WeightFile {
  return {
    read(layers) {
      const count = layers.flatMap(({ blobs }) => blobs).reduce((sum, dims) => sum + sizeOf(dims), 0);
      if (!(count <= MOST_WEIGHTS)) throw new UserError(`The network has ${count} weights: take a smaller one.`);
      return new NoiseWeights().read(layers);
    },
  };
}

/** A model that was made of what was read can be written and read again. */
function checkModel(model: Model): void {
  try {
    readModel(writeModel(model));
  } catch (error) {
    throw new Error("What was imported is no model.", { cause: error });
  }
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Texts that describe networks. */
export const prototxt: Target = {
  share: 9,
  open: () => (draw) => ({
    kind: "words changed",
    parts: [mutatedText(draw, oneOf(draw, CAFFE_NETS), CAFFE_NETS)],
    async read([file]) {
      const text = new TextDecoder().decode(file);
      const found = await unlessRefused(() => importCaffe(netOf(text), weightsFor(), { channels: 3, size: [8, 8] }));
      if (found) checkModel(found.value.model);
      return found !== undefined;
    },
  }),
};

/** Trained weights, and mean images. */
export const caffemodel: Target = {
  share: 6,
  open() {
    const nets = CAFFE_NETS.map((text) => ({
      text,
      blobs: imported(text, { channels: 3, size: [8, 8] }).weights.blobs,
    }));
    const models = nets.map(({ blobs }) =>
      (Object.keys(forms) as (keyof typeof forms)[]).map((form) => caffemodelOf(blobs, form)),
    );
    const pixels = new Uint8Array(Float32Array.from({ length: 12 }, (_, i) => i).buffer);
    const means = [
      create(TrainedBlobSchema, { num: 1n, channels: 3n, height: 2n, width: 2n, data: [pixels] }),
      create(TrainedBlobSchema, { shape: { dim: [3n, 2n, 2n] }, data: [pixels] }),
    ].map((mean) => toBinary(TrainedBlobSchema, mean));
    const read = async ([net, model, mean]: readonly Uint8Array[]) => {
      const given = mean.length > 0 ? { mean: { name: "The mean file", bytes: mean } } : {};
      const found = await unlessRefused(() =>
        importCaffeFiles(
          { prototxt: { name: "The net", bytes: net }, caffemodel: { name: "The model", bytes: model }, ...given },
          { crop: [8, 8], channels: "BGR" },
        ),
      );
      if (found) checkModel(found.value.model);
      return found !== undefined;
    };
    return (draw) => {
      const which = draw.below(nets.length);
      const own = oneOf(draw, models[which]);
      const net = bytesOf(nets[which].text);
      const others = models.flat();
      const nothing = new Uint8Array(0);
      switch (draw.below(4)) {
        case 0:
          return { kind: "bytes", parts: [net, mutated(draw, own, others), nothing], read };
        case 1: {
          const mean = oneOf(draw, means);
          const changed = draw.below(2) ? mutated(draw, mean, means) : mutatedMessage(draw, mean, means);
          return { kind: "mean", parts: [net, own, changed], read };
        }
        default:
          return { kind: "fields", parts: [net, mutatedMessage(draw, own, others), nothing], read };
      }
    };
  },
};

/** Files of Deep Compression. */
export const deepCompression: Target = {
  share: 8,
  open() {
    const { weights } = imported(PLAIN_NET);
    const layers = weights.layers.map(({ name, type, blobs: [dims, biases = [0]] }, i): SharedLayer => {
      const values = [0, 0, 0, 0.5, -1, 2];
      const shared = Float32Array.from({ length: sizeOf(dims) }, (_, j) => values[(7 * j + i) % values.length]);
      const bits = type === "Convolution" ? 8 : 4;
      return { name, bits, weights: shared, bias: new Float32Array(sizeOf(biases)) };
    });
    const whole = encodeDeepCompression(layers);
    const read = async ([net, file]: readonly Uint8Array[]) => {
      const found = await unlessRefused(() =>
        importCaffeFiles({
          prototxt: { name: "The net", bytes: net },
          deepCompression: { name: "The file", bytes: file },
        }),
      );
      if (found) checkModel(found.value.model);
      return found !== undefined;
    };
    return (draw) => {
      if (draw.below(8) > 0) return { kind: "bytes", parts: [bytesOf(PLAIN_NET), mutated(draw, whole, [whole])], read };
      return { kind: "of another network", parts: [mutatedText(draw, PLAIN_NET, CAFFE_NETS), whole], read };
    };
  },
};
