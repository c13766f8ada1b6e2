import { damaged } from "./container.ts";
import { decoding, NAMELESS } from "./decode.ts";
import { decodeFurther } from "./further.ts";

/**
 * Decodes a whole file.
 * @param source how messages name the file
 * @returns the ONNX file
 * @throws UserError when the file is damaged, newer, or claims to hold more than is credible
 */
export function decode(bytes: Uint8Array, source = NAMELESS): Uint8Array<ArrayBuffer> {
  const steps = decoding({ source, size: bytes.length, further: () => decodeFurther });
  let at = 0;
  let step = steps.next();
  while (!step.done) {
    const end = at + step.value;
    if (end > bytes.length) throw damaged(source, "it is cut short");
    step = steps.next(bytes.subarray(at, end));
    at = end;
  }
  return step.value;
}
