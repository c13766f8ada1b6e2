import { UserError } from "../errors.ts";
import { byteLength, dtypeOf } from "./dtype.ts";
import { type GraphProto, type TensorProto, TensorProto_DataLocation } from "./onnx_pb.ts";

/**
 * Reads a part of a file that lies beside a model.
 * @param location the file's path relative to the model's folder, with "/" between its parts and none of them ".."
 * @throws UserError when there is no such part
 */
export type ExternalReader = (location: string, offset: number, length: number) => Uint8Array;

/** Protobuf's limit, and so that of a model with all of its weights inside. */
export const LARGEST_MODEL = 2 ** 31 - 1;

export function isExternal(proto: TensorProto): boolean {
  return proto.dataLocation === TensorProto_DataLocation.EXTERNAL;
}

/**
 * The bytes of a tensor that is stored in a file beside the model (onnx.proto, TensorProto.external_data).
 * @throws UserError when the file lies elsewhere, or the part does not fit the declared shape
 */
export function externalBytes(proto: TensorProto, source: string, read: ExternalReader | undefined): Uint8Array {
  const {
    location = "",
    offset,
    length,
  } = Object.fromEntries(proto.externalData.map(({ key, value }) => [key, value]));
  const where = `The tensor "${proto.name}" of ${source}`;
  if (!isInside(location)) {
    throw new UserError(
      `${where} is stored in "${location}", outside the model's folder, which is not read: put the file beside the model and name it without a path.`,
    );
  }
  if (!read) {
    throw new UserError(
      `${where} is stored in the file "${location}", and only the model is at hand: save the model with its weights inside one .onnx file.`,
    );
  }
  const size = declaredBytes(proto);
  const start = wholeNumber(offset, 0);
  if (start === undefined || wholeNumber(length, size) !== size) {
    throw new UserError(
      `${where} declares ${size} bytes and names ${length ?? "all"} bytes from ${offset ?? 0} of "${location}": the model is damaged, export it again.`,
    );
  }
  return size === 0 ? new Uint8Array() : read(location, start, size);
}

/**
 * Checks, before any of it is read, that a model whose weights lie in other files can be held as one.
 * @param bytes the size of the model's own file
 * @throws UserError when it is over 2 GB
 */
export function checkExternalSize(graph: GraphProto, bytes: number, source: string): void {
  let total = bytes;
  for (const proto of tensorsOf(graph)) if (isExternal(proto)) total += declaredBytes(proto);
  if (total > LARGEST_MODEL) {
    throw new UserError(
      `${source} holds ${total} bytes with the weights in its other files, and a model of over 2 GB cannot be written or run as one: take a smaller one.`,
    );
  }
}

function* tensorsOf(graph: GraphProto): Generator<TensorProto> {
  yield* graph.initializer;
  for (const { attribute } of graph.node) {
    for (const { t, g } of attribute) {
      if (t) yield t;
      if (g) yield* tensorsOf(g);
    }
  }
}

/** The bytes that a tensor's type and shape call for; 0 where those make no sense, which its reader will say. */
function declaredBytes({ name, dataType, dims }: TensorProto): number {
  const dtype = dtypeOf(dataType, `The tensor "${name}"`);
  const count = dims.reduce((product, dim) => product * Number(dim), 1);
  return dtype === "string" || dims.some((dim) => dim < 0n) ? 0 : byteLength(dtype, count);
}

function isInside(location: string): boolean {
  const parts = location.replaceAll("\\", "/").split("/");
  return !location.includes("\0") && !/^[A-Za-z]:/.test(location) && !parts.includes("..") && parts[0] !== "";
}

function wholeNumber(text: string | undefined, absent: number): number | undefined {
  if (text === undefined || text === "") return absent;
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
