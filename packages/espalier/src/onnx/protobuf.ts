import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { configureTextEncoding, getTextEncoding } from "@bufbuild/protobuf/wire";

const text = new TextDecoder("utf-8", { ignoreBOM: true });

/** What a message is read with, in the terms of protobuf-es. */
type ReadOptions = Parameters<typeof fromBinary>[2];

/**
 * Reads a message in protobuf's binary form, with its strings as they are stored: protobuf-es decodes them by a
 * TextDecoder that drops a byte order mark, by which two names become one.
 * @throws Error when the bytes are no such message
 */
export function readMessage<Desc extends DescMessage>(
  schema: Desc,
  bytes: Uint8Array,
  options?: ReadOptions,
): MessageShape<Desc> {
  // protobuf-es takes a decoder for the whole process only: others in it keep theirs.
  const usual = getTextEncoding();
  configureTextEncoding({ ...usual, decodeUtf8: (stored) => text.decode(stored) });
  try {
    return fromBinary(schema, bytes, options);
  } finally {
    configureTextEncoding(usual);
  }
}
