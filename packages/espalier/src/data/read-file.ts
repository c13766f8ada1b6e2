import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { errorCode, UserError } from "../errors.ts";

/** No data file is taken that is larger, packed or unpacked. */
const LARGEST = 2 ** 31 - 1;
/** No more is taken of what is not a file, such as a pipe, whose end nothing tells: 512 MB. */
const MOST_OF_STREAM = 2 ** 29;
const CHUNK = 2 ** 20;

/** What stands for standard input where one file is read, and for standard output where one is written. */
export const STANDARD = "-";
const STANDARD_INPUT = 0;

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
  if (path === STANDARD) return readStandardInput(MOST_OF_STREAM);
  const stat = statSync(path);
  if (stat.size > LARGEST) throw new UserError(`${path} is over 2 GB: split the data.`);
  return stat.isFile() || stat.isDirectory() ? readFileSync(path) : readStream(path, MOST_OF_STREAM);
}

/**
 * Reads a pipe or a device to its end.
 * @throws UserError when it gives more than so many bytes
 */
export function readStream(path: string, most: number): Uint8Array {
  return interruptibly(() => {
    const file = openSync(path, "r");
    try {
      return readToEnd(file, path, most);
    } finally {
      closeSync(file);
    }
  });
}

/** What standard input gave: it can be read once, and one command may need it twice. */
let standardInput: Uint8Array | undefined;

/**
 * Reads standard input to its end; a second time gives the same.
 * @throws UserError when it gives more than so many bytes
 */
export function readStandardInput(most: number): Uint8Array {
  standardInput ??= interruptibly(() => readToEnd(STANDARD_INPUT, "Standard input", most));
  return standardInput;
}

/** Lets Ctrl-C end the process while it waits for what may never come: no listener would have a turn meanwhile. */
function interruptibly<Result>(wait: () => Result): Result {
  const listeners = process.listeners("SIGINT");
  for (const listener of listeners) process.off("SIGINT", listener);
  try {
    return wait();
  } finally {
    for (const listener of listeners) process.on("SIGINT", listener);
  }
}

function readToEnd(file: number, name: string, most: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    const part = new Uint8Array(CHUNK);
    const count = readPart(file, part);
    if (count === 0) break;
    total += count;
    if (total > most) {
      throw new UserError(`${name} gives more than ${most / 2 ** 20} MB and is not a file: save it as one first.`);
    }
    parts.push(part.subarray(0, count));
  }
  return Buffer.concat(parts);
}

/** Reads what is there, and waits where nothing is yet. @returns the number of bytes, 0 at the end */
function readPart(file: number, part: Uint8Array): number {
  for (;;) {
    try {
      return readSync(file, part, 0, part.length, null);
    } catch (error) {
      const code = errorCode(error);
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT);
    }
  }
}

/** Milliseconds between looks at what has nothing to read yet. */
const WAIT = 10;
