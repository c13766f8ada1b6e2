import { fromBinary, isFieldSet } from "@bufbuild/protobuf";
import { UserError } from "../../errors.ts";
import { viewBytes } from "../../onnx/dtype.ts";
import { type FloatTensor, float32, sizeOf } from "../../onnx/tensor.ts";
import { type TrainedBlob, TrainedBlobSchema, TrainedNetSchema } from "./caffe_pb.ts";
import type { TrainedLayer, WeightFile } from "./weights.ts";

/**
 * Opens a .caffemodel, of the older form or the newer. Layers are found by their names, as Caffe does; those that the
 * prototxt does not have are left alone.
 * @param source how messages name the file
 * @throws UserError when the bytes are no caffemodel
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
    return fromBinary(TrainedNetSchema, bytes, { readUnknownFields: false });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`${source} is no caffemodel, or is cut short or damaged (${reason}): copy it again.`);
  }
}

function tensorOf(blob: TrainedBlob, layer: TrainedLayer, dims: readonly number[], source: string): FloatTensor {
  const shape = shapeOf(blob);
  if (!sameShape(shape, dims)) throw misfit(source, layer, `weights [${shape}] where [${dims}] belong`);
  const double = blob.doubleData.length > 0;
  const data = joined(double ? blob.doubleData : blob.data);
  const count = sizeOf(dims);
  if (data.length !== count * (double ? 8 : 4)) {
    throw new UserError(
      `${source} holds ${data.length} bytes for the ${count} weights [${shape}] of layer "${layer.name}": it is damaged, copy it again.`,
    );
  }
  const values = viewBytes(double ? "float64" : "float32", data, count);
  return float32(dims, values instanceof Float32Array ? values : Float32Array.from(values, Number));
}

function misfit(source: string, { name, type, blobs }: TrainedLayer, found: string): UserError {
  return new UserError(
    `${source} has for layer "${name}" (${type}) ${found}, and the prototxt asks for [${blobs.join("], [")}]: it is of another network.`,
  );
}

/** The shape that a blob declares; older ones have four fields for it. */
function shapeOf(blob: TrainedBlob): number[] {
  const { num, channels, height, width } = TrainedBlobSchema.field;
  const legacy = [num, channels, height, width].some((field) => isFieldSet(blob, field));
  return (legacy ? [blob.num, blob.channels, blob.height, blob.width] : (blob.shape?.dim ?? [])).map(Number);
}

/** Whether two shapes are the same but for ones in front: older files have [1, 1, 10, 500] for [10, 500]. */
function sameShape(a: readonly number[], b: readonly number[]): boolean {
  const rank = Math.max(a.length, b.length);
  const at = (shape: readonly number[], i: number) => shape[shape.length - rank + i] ?? 1;
  return Array.from({ length: rank }, (_, i) => at(a, i) === at(b, i)).every(Boolean);
}

/** A packed field may come in pieces. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0];
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
