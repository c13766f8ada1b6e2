import { UserError } from "../../errors.ts";
import { float32, sizeOf } from "../../onnx/tensor.ts";
import { type CodedShape, decodeDeepCompression } from "../deep-compression/decode.ts";
import type { TrainedLayer, WeightFile } from "./weights.ts";

const BITS = new Map<string, 4 | 8>([
  ["Convolution", 8],
  ["InnerProduct", 4],
]);

/**
 * Opens a Deep Compression `.net` file of convolutions and fully connected layers.
 * @param source how messages name the file
 */
export function openDeepCompression(bytes: Uint8Array, source = "The .net file"): WeightFile {
  return {
    read: (layers) => {
      const decoded = decodeDeepCompression(
        bytes,
        layers.map((layer) => codedShape(layer, source)),
        source,
      );
      return decoded.map(({ weights, bias }, i) => {
        const [weightDims, biasDims] = layers[i].blobs;
        return biasDims ? [float32(weightDims, weights), float32(biasDims, bias)] : [float32(weightDims, weights)];
      });
    },
  };
}

function codedShape({ name, type, blobs }: TrainedLayer, source: string): CodedShape {
  const bits = BITS.get(type);
  if (!bits) {
    throw new UserError(
      `${source} can hold convolutions and fully connected layers, and the prototxt's layer "${name}" (${type}) has weights too: give its .caffemodel.`,
    );
  }
  const [weights, bias = [0]] = blobs;
  return { name, bits, weights: sizeOf(weights), biases: sizeOf(bias) };
}
