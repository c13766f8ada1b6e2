import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { UserError } from "../errors.ts";

/** No data file is taken that is larger, packed or unpacked. */
const LARGEST = 2 ** 31 - 1;
/** No more is taken of what is not a file, such as a pipe, whose end nothing tells: 512 MB. */
const MOST_OF_STREAM = 2 ** 29;
const CHUNK = 2 ** 20;

/**
 * Reads a data file, unpacked when it is gzip's.
 * @throws UserError when it is not there, too large or damaged
 */
export function readDataFile(path: string): Uint8Array {
  try {
    const bytes = bytesOf(path);
    const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const { buffer, byteOffset, length } = packed ? gunzipSync(bytes, { maxOutputLength: LARGEST }) : bytes;
    // A plain array: V8 reads the elements of Node's Buffer at half the speed.
    return new Uint8Array(buffer, byteOffset, length);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`Cannot read ${path} (${reason}): check the path and the file.`);
  }
}

function bytesOf(path: string): Uint8Array {
  const stat = statSync(path);
  if (stat.size > LARGEST) throw new UserError(`${path} is over 2 GB: split the data.`);
  return stat.isFile() || stat.isDirectory() ? readFileSync(path) : readStream(path, MOST_OF_STREAM);
}

/**
 * Reads a pipe or a device to its end.
 * @throws UserError when it gives more than so many bytes
 */
export function readStream(path: string, most: number): Uint8Array {
  const file = openSync(path, "r");
  try {
    const parts: Uint8Array[] = [];
    let total = 0;
    for (;;) {
      const part = new Uint8Array(CHUNK);
      const count = readSync(file, part, 0, CHUNK, null);
      if (count === 0) break;
      total += count;
      if (total > most) {
        throw new UserError(`${path} gives more than ${most / 2 ** 20} MB and is not a file: save it as one first.`);
      }
      parts.push(part.subarray(0, count));
    }
    return Buffer.concat(parts);
  } finally {
    closeSync(file);
  }
}
