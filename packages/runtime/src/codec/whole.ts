import { type Contents, decodeWhole, NAMELESS, contentsOf as tell } from "./decode.ts";
import { later } from "./further.ts";

/**
 * Decodes a whole file.
 * @param source how messages name the file
 * @returns the ONNX file
 * @throws UserError when the file is damaged, newer, or claims to hold more than is credible
 */
export function decode(bytes: Uint8Array, source = NAMELESS): Uint8Array<ArrayBuffer> {
  return decodeWhole(bytes, later, source);
}

/**
 * Tells where the bytes of a file go.
 * @throws UserError when the file is damaged or newer
 */
export function contentsOf(bytes: Uint8Array, source = NAMELESS): Contents {
  return tell(bytes, later, source);
}
