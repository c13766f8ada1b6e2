import { basename, join, resolve } from "node:path";
import { RECORDINGS } from "../audio/wave.ts";
import { type AudioOptions, windowed } from "../audio/windows.ts";
import type { Dataset } from "../dataset.ts";
import { listFiles } from "../listing.ts";
import { openWave } from "./wave.ts";

/**
 * A folder of recordings in WAV files as windows: see {@link windowed}. Folders train, val and test are the parts.
 * @throws UserError when the folder cannot be read, or a recording is none or of another rate
 */
export function openAudio(folder: string, options: AudioOptions = {}): Dataset {
  const listings = listFiles(folder, RECORDINGS);
  const files = [...listings.values()].flatMap(({ files }) => files);
  const recordings = files.map((file) => openWave(join(folder, file)));
  return { ...windowed(folder, listings, recordings, options), name: basename(resolve(folder)) };
}
