import { readFileSync, statSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { UserError } from "../errors.ts";

/** No data file is taken that is larger, packed or unpacked. */
const LARGEST = 2 ** 31 - 1;

/**
 * Reads a data file, unpacked when it is gzip's.
 * @throws UserError when it is not there, too large or damaged
 */
export function readDataFile(path: string): Uint8Array {
  try {
    if (statSync(path).size > LARGEST) throw new UserError(`${path} is over 2 GB: split the data.`);
    const bytes = readFileSync(path);
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
