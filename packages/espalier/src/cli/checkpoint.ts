import { existsSync } from "node:fs";
import type { CheckpointStore } from "../library/hooks.ts";
import { readFile, removeFile, writeFile } from "./files.ts";

/** A checkpoint in a file, which goes once the results of the run are written. */
export function checkpointFile(path: string): CheckpointStore & { remove(): void } {
  return {
    name: path,
    load: () => (existsSync(path) ? readFile(path) : undefined),
    save: (state) => writeFile(path, state),
    remove: () => removeFile(path),
  };
}

/** What to say when a run was stopped whose state is in a file. */
export const stoppedIn = (path: string) =>
  `Stopped; everything is in ${path}: continue with the same command and --resume.`;
