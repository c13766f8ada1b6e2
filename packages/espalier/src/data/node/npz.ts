import type { Dataset } from "../dataset.ts";
import { type NpzOptions, readNpz } from "../npz.ts";
import { readDataFile } from "../read-file.ts";

/**
 * A dataset in a file that is a NumPy archive: see {@link readNpz}.
 * @throws UserError when it cannot be read, or is not what `readNpz` takes
 */
export function openNpz(path: string, options?: NpzOptions): Dataset {
  return readNpz(readDataFile(path), path, options);
}
