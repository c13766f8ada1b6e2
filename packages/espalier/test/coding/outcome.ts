import { later } from "../../../runtime/src/codec/further.ts";
import { contentsOf, decode } from "../../../runtime/src/codec/whole.ts";
import { StreamDecoder } from "../../../runtime/src/loading/stream.ts";
import { UserError } from "../../src/errors.ts";

/** What came of decoding bytes that may be anything: a file, or the sentence with which they were refused. */
export type Outcome =
  | { readonly file: Uint8Array; readonly refusal?: undefined }
  | { readonly refusal: string; readonly file?: undefined };

/**
 * Decodes bytes that may be anything, at once and in two pieces.
 * @throws Error when anything but a file or a UserError of one sentence comes of it, or not the same both times
 */
export function outcomeOf(bytes: Uint8Array): Outcome {
  const outcome = attempt(() => decode(bytes));
  const streamed = attempt(() => {
    const decoder = new StreamDecoder("The file", () => later);
    const half = bytes.length >> 1;
    decoder.push(bytes.subarray(0, half));
    decoder.push(bytes.subarray(half));
    return decoder.end();
  });
  if ((outcome.file === undefined) !== (streamed.file === undefined)) {
    throw new Error(`At once: ${outcome.refusal}; in pieces: ${streamed.refusal}`);
  }
  const told = attempt(() => {
    contentsOf(bytes);
    return bytes;
  });
  if (outcome.file && told.refusal) throw new Error(`The file is decoded, and its contents refused: ${told.refusal}`);
  return outcome;
}

function attempt(decoded: () => Uint8Array): Outcome {
  try {
    return { file: decoded() };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { message } = error;
    if (!/^The file [^\n]+[.]$/.test(message)) throw new Error(`This is not a sentence: ${message}`);
    return { refusal: message };
  }
}
