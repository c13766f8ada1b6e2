import { isFieldSet } from "@bufbuild/protobuf";
import { UserError } from "../../errors.ts";
import { viewBytes } from "../../onnx/dtype.ts";
import { type TrainedBlob, TrainedBlobSchema } from "./caffe_pb.ts";

/** The shape that a blob declares; older ones have four fields for it. */
export function shapeOf(blob: TrainedBlob): number[] {
  const { num, channels, height, width } = TrainedBlobSchema.field;
  const legacy = [num, channels, height, width].some((field) => isFieldSet(blob, field));
  return (legacy ? [blob.num, blob.channels, blob.height, blob.width] : (blob.shape?.dim ?? [])).map(Number);
}

/**
 * The numbers of a blob, looked at where they lie in the file if that is possible.
 * @param where how messages name the blob
 * @throws UserError when there are not so many
 */
export function valuesOf(blob: TrainedBlob, count: number, where: string): Float32Array {
  const double = blob.doubleData.length > 0;
  const bytes = joined(double ? blob.doubleData : blob.data);
  if (bytes.length !== count * (double ? 8 : 4))
    throw new UserError(`${where} has ${bytes.length} bytes for ${count} numbers: the file is damaged, copy it again.`);
  const values = viewBytes(double ? "float64" : "float32", bytes, count);
  return values instanceof Float32Array ? values : Float32Array.from(values, Number);
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
