import { isEsp } from "../codec/container.ts";
import { decode } from "../codec/decode.ts";
import { UserError } from "../errors.ts";

/**
 * The bytes of the .onnx file that bytes are, or that those of an .esp file decode to.
 * @throws UserError when they are no bytes, or an .esp file that is damaged or newer than this decoder
 */
export function onnxBytes(given: Uint8Array | ArrayBuffer): Uint8Array {
  const bytes = viewOf(given);
  return isEsp(bytes) ? decode(bytes) : bytes;
}

/** By its tag, which is the same for what comes from another frame of the page. */
function viewOf(given: Uint8Array | ArrayBuffer): Uint8Array {
  const tag = Object.prototype.toString.call(given).slice("[object ".length, -1);
  if (tag === "ArrayBuffer") return new Uint8Array(given);
  if (tag === "Uint8Array" && ArrayBuffer.isView(given)) return given;
  throw new UserError(`A model cannot be read from ${tag}: give the bytes of an .onnx or .esp file as a Uint8Array.`);
}
