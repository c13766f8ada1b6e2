import { isEsp, VERSION_AT } from "../codec/container.ts";
import type { Later } from "../codec/context-tensor.ts";
import { decodeWhole, partsOf } from "../codec/decode.ts";
import { UserError } from "../errors.ts";
import { CodedTensors } from "./coded.ts";

/** A model's bytes, and the tensors that they leave empty, where it is from an .esp file. */
export interface ModelBytes {
  readonly model: Uint8Array;
  readonly coded?: CodedTensors;
}

/**
 * The model in bytes of an .onnx or .esp file, whose tensors are not decoded.
 * @throws UserError when they are no bytes, or an .esp file that is damaged or newer than this decoder
 */
export async function modelIn(given: Uint8Array | ArrayBuffer): Promise<ModelBytes> {
  const bytes = viewOf(given);
  if (!isEsp(bytes)) return { model: bytes };
  const later = await laterFor(bytes);
  const parts = partsOf(bytes, later);
  return { model: parts.graph, coded: new CodedTensors(parts, later) };
}

/**
 * The bytes of the .onnx file that bytes are, or that those of an .esp file decode to.
 * @throws UserError when they are no bytes, or an .esp file that is damaged or newer than this decoder
 */
export async function onnxBytes(given: Uint8Array | ArrayBuffer): Promise<Uint8Array> {
  const bytes = viewOf(given);
  return isEsp(bytes) ? decodeWhole(bytes, await laterFor(bytes)) : bytes;
}

/** What decodes a file of a later version than the first, which is loaded for such files alone. */
async function laterFor(bytes: Uint8Array): Promise<Later | undefined> {
  return bytes[VERSION_AT] > 1 ? (await import("../codec/further.ts")).later : undefined;
}

/** By its tag, which is the same for what comes from another frame of the page. */
function viewOf(given: Uint8Array | ArrayBuffer): Uint8Array {
  const tag = Object.prototype.toString.call(given).slice("[object ".length, -1);
  if (tag === "ArrayBuffer") return new Uint8Array(given);
  if (tag === "Uint8Array" && ArrayBuffer.isView(given)) return given;
  throw new UserError(`A model cannot be read from ${tag}: give the bytes of an .onnx or .esp file as a Uint8Array.`);
}
