import type { Dataset } from "../dataset.ts";
import { readDataFile } from "../read-file.ts";
import { readText, type TextOptions } from "../text/read.ts";

/**
 * A text in a file, packed by gzip or not, as a dataset: see {@link readText}.
 * @throws UserError when it cannot be read, or is not what `readText` takes
 */
export function openText(path: string, options?: TextOptions): Dataset {
  return readText(readDataFile(path), path, options);
}
