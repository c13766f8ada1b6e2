import { UserError } from "../../errors.ts";
import { readMessage } from "../../onnx/protobuf.ts";
import { type FloatTensor, float32, sizeOf } from "../../onnx/tensor.ts";
import { type TrainedBlob, TrainedNetSchema } from "./caffe_pb.ts";
import { shapeOf, valuesOf } from "./trained-blob.ts";
import type { TrainedLayer, WeightFile } from "./weights.ts";

/**
 * Opens a .caffemodel, of the older form or the newer. Layers are found by their names, as Caffe does; those that the
 * prototxt does not have are left alone.
 * @param source how messages name the file
 * @throws UserError when the bytes are not a caffemodel
 */
export function openCaffemodel(bytes: Uint8Array, source = "The caffemodel"): WeightFile {
  const { layer, layers } = parse(bytes, source);
  const stored = new Map([...layers, ...layer].map(({ name, blobs }) => [name, blobs]));
  if (![...stored.values()].some((blobs) => blobs.length > 0))
    throw new UserError(`${source} holds no trained layers: give the .caffemodel that training has written.`);
  return {
    read: (wanted) =>
      wanted.map((one) => {
        const blobs = stored.get(one.name) ?? [];
        if (blobs.length !== one.blobs.length) throw misfit(source, one, `${blobs.length} blobs of weights`);
        return blobs.map((blob, i) => tensorOf(blob, one, one.blobs[i], source));
      }),
  };
}

function parse(bytes: Uint8Array, source: string) {
  try {
    return readMessage(TrainedNetSchema, bytes, { readUnknownFields: false });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`${source} is not a caffemodel, or is cut short or damaged (${reason}): copy it again.`);
  }
}

function tensorOf(blob: TrainedBlob, layer: TrainedLayer, dims: readonly number[], source: string): FloatTensor {
  const shape = shapeOf(blob);
  if (!sameShape(shape, dims)) throw misfit(source, layer, `weights [${shape.slice(0, 8)}] where [${dims}] belong`);
  return float32(dims, valuesOf(blob, sizeOf(dims), `${source}, layer "${layer.name}",`));
}

function misfit(source: string, { name, type, blobs }: TrainedLayer, found: string): UserError {
  return new UserError(
    `${source} has for layer "${name}" (${type}) ${found}, and the prototxt asks for [${blobs.join("], [")}]: it is of another network.`,
  );
}

/** Whether two shapes are the same but for ones in front: older files have [1, 1, 10, 500] for [10, 500]. */
function sameShape(a: readonly number[], b: readonly number[]): boolean {
  const rank = Math.max(a.length, b.length);
  const at = (shape: readonly number[], i: number) => shape[shape.length - rank + i] ?? 1;
  return Array.from({ length: rank }, (_, i) => at(a, i) === at(b, i)).every(Boolean);
}
