import { UserError } from "../../errors.ts";
import { readMessage } from "../../onnx/protobuf.ts";
import { sizeOf } from "../../onnx/tensor.ts";
import { TrainedBlobSchema } from "./caffe_pb.ts";
import { shapeOf, valuesOf } from "./trained-blob.ts";

/**
 * The mean of each channel of a mean image, the `mean_file` of a prototxt (a .binaryproto).
 * @param source how messages name the file
 * @throws UserError when the bytes are not a mean image
 */
export function channelMeans(bytes: Uint8Array, source = "The mean file"): number[] {
  const blob = parse(bytes, source);
  const shape = shapeOf(blob);
  const [channels = 0, height = 0, width = 0] = shape.slice(-3);
  const places = height * width;
  if (!(channels >= 1 && places >= 1) || sizeOf(shape) !== channels * places)
    throw new UserError(
      `${source} has the shape [${shape.slice(0, 8)}] and is not a mean image: give the means as numbers.`,
    );
  const values = valuesOf(blob, channels * places, source);
  return Array.from({ length: channels }, (_, c) => {
    let sum = 0;
    for (const value of values.subarray(c * places, (c + 1) * places)) sum += value;
    return sum / places;
  });
}

function parse(bytes: Uint8Array, source: string) {
  try {
    return readMessage(TrainedBlobSchema, bytes, { readUnknownFields: false });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`${source} is not a mean image of Caffe's (${reason}): give the means as numbers.`);
  }
}
