import { readFileSync, statSync } from "node:fs";
import { UserError } from "../../errors.ts";
import { type Recording, readWave } from "../audio/wave.ts";

/** No recording is taken whose file has more bytes: an hour of 16-bit samples at 16 kHz. */
const MOST_BYTES = 2 ** 27;

/**
 * Opens a WAV file: see {@link readWave}. It is read again when its samples are asked for.
 * @throws UserError when it is none, is cut short, is empty or too large; from `samples` too, for one that is not finite
 */
export function openWave(path: string): Recording {
  return readWave(() => fileOf(path), path);
}

function fileOf(path: string): Uint8Array {
  const stat = statSync(path);
  if (!stat.isFile()) throw new UserError(`${path} is not a file: take it out of the folder.`);
  if (stat.size > MOST_BYTES) {
    throw new UserError(`${path} has ${stat.size} bytes, and recordings may have ${MOST_BYTES}: cut it into several.`);
  }
  return readFileSync(path);
}
