import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { configureTextEncoding, getTextEncoding } from "@bufbuild/protobuf/wire";

const text = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** The text that bytes are, with a byte order mark where they begin with one; undefined where they are not UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return text.decode(bytes);
  } catch {
    return undefined;
  }
}

/** What a message is read with, in the terms of protobuf-es. */
type ReadOptions = Parameters<typeof fromBinary>[2];

/**
 * Reads a message in protobuf's binary form, with its strings as they are stored: protobuf-es decodes them by a
 * TextDecoder that drops a byte order mark, and has one sign for all that is not UTF-8, by which two names become one.
 * @throws Error when the bytes are no such message, or a string in it is not UTF-8
 */
export function readMessage<Desc extends DescMessage>(
  schema: Desc,
  bytes: Uint8Array,
  options?: ReadOptions,
): MessageShape<Desc> {
  // protobuf-es takes a decoder for the whole process only: others in it keep theirs.
  const usual = getTextEncoding();
  configureTextEncoding({ ...usual, decodeUtf8 });
  try {
    return fromBinary(schema, bytes, options);
  } finally {
    configureTextEncoding(usual);
  }
}

function decodeUtf8(stored: Uint8Array): string {
  const decoded = textOf(stored);
  if (decoded === undefined) throw new Error("a name or another string in it is not UTF-8");
  return decoded;
}
