import { UserError } from "../errors.ts";
import { crc32 } from "./crc32.ts";
import { Damage } from "./damage.ts";
import { varintAt } from "./messages.ts";

/** A file begins with 0x89 "ESP", which no text does. */
export const MAGIC = Uint8Array.of(0x89, 0x45, 0x53, 0x50);
/** The newest version of the format, which is read and may be written. The first is 1. */
export const VERSION = 3;
/** Where a file says its version. */
export const VERSION_AT = 4;
/** Magic, version, length of the header in two bytes, check. */
export const PREFIX = 8;
/** A checksum behind the header and behind every section. */
export const CHECKSUM = 4;

/** A file of up to so many bytes when decoded may be as small as it can be. */
const ALWAYS_ALLOWED = 2 ** 24;
/** Larger ones have at most so many times the bytes of the file. */
const LARGEST_RATIO = 1024;
/** Protobuf's limit. */
export const LARGEST_FILE = 2 ** 31 - 1;

/** The most bytes that a file of so many may decode to. */
export function mostDecoded(bytes: number): number {
  return Math.min(LARGEST_FILE, Math.max(ALWAYS_ALLOWED, LARGEST_RATIO * bytes));
}

/** The fewest bytes that a file may have which decodes to so many, where they are more than is always allowed. */
export function leastBytes(decoded: number): number {
  return Math.ceil(decoded / LARGEST_RATIO);
}

/** Whether bytes begin as an .esp file does. */
export function isEsp(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, i) => bytes[i] === byte);
}

/** What a header says. */
export interface Header {
  /** Bytes of the ONNX file. */
  readonly decoded: number;
  /** Bytes of the sections without their checksums: the graph's, then each tensor's. */
  readonly sections: readonly number[];
  /** Bytes of the file. */
  readonly bytes: number;
}

/** What goes wrong with a file, as one sentence. */
export function damaged(source: string, reason: string): UserError {
  return new UserError(`${source} is damaged (${reason}): copy it again, or make it again with espalier compress.`);
}

/** An error met while decoding, as the user's: what bytes say that cannot be, or that the memory does not suffice. */
export function explained(error: unknown, source: string): unknown {
  if (error instanceof Damage) return damaged(source, error.message);
  // What engines throw when an array cannot be had.
  if (error instanceof RangeError) {
    return new UserError(
      `${source} needs more memory than there is (${error.message}): free some, or refuse the file.`,
    );
  }
  return error;
}

/** The check byte of a prefix: the low byte of a checksum that no single flipped bit leaves as it is. */
export function checkOf(prefix: Uint8Array): number {
  return crc32(prefix.subarray(0, PREFIX - 1)) & 255;
}

/**
 * Reads the first bytes of a file.
 * @returns the length of the header behind them, without its checksum
 */
export function readPrefix(prefix: Uint8Array, source: string): number {
  if (!isEsp(prefix)) {
    throw new UserError(`${source} is not an .esp file: make one with espalier compress.`);
  }
  if (prefix[PREFIX - 1] !== checkOf(prefix)) throw damaged(source, "its first bytes do not fit their check");
  const version = prefix[VERSION_AT];
  if (version === 0) throw damaged(source, "no version of the format has the number 0");
  if (version > VERSION) {
    throw new UserError(
      `${source} is of version ${version} of the .esp format, and ${VERSION} is the newest known here: update espalier.`,
    );
  }
  return prefix[5] + 256 * prefix[6];
}

/**
 * Reads the header.
 * @param size bytes of the whole file, where known
 * @throws UserError when it is damaged, or claims to hold more than is credible
 * @throws Damage when it ends within a number
 */
export function readHeader(prefix: Uint8Array, checked: Uint8Array, source: string, size?: number): Header {
  const payload = checkedContent(checked, source, prefix);
  const numbers: number[] = [];
  for (let at = 0; at < payload.length; ) {
    const { value, end } = varintAt(payload, at);
    numbers.push(value);
    at = end;
  }
  const [decoded, ...sections] = numbers;
  if (sections.length === 0) throw damaged(source, "it has no graph");
  const bytes = sections.reduce((sum, length) => sum + length + CHECKSUM, PREFIX + checked.length);
  if (size !== undefined && size !== bytes) throw damaged(source, `it has ${size} bytes where it says ${bytes}`);
  if (decoded > mostDecoded(bytes)) {
    throw new UserError(
      `${source} says that its ${bytes} bytes hold ${decoded}, which is not credible: do not use it.`,
    );
  }
  return { decoded, sections, bytes };
}

/** What stands before a checksum. @param before what the checksum covers too */
export function checkedContent(
  checked: Uint8Array,
  source: string,
  before: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const content = checked.subarray(0, -CHECKSUM);
  const stated = new DataView(checked.buffer, checked.byteOffset + content.length).getUint32(0, true);
  if (crc32(content, crc32(before)) !== stated) throw damaged(source, "a checksum does not fit");
  return content;
}
