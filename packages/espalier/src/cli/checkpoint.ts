import { existsSync } from "node:fs";
import { UserError } from "../errors.ts";
import type { CheckpointStore } from "../library/hooks.ts";
import { isSpecial, readFile, removeFile, writeFile } from "./files.ts";

/** A checkpoint in a file. */
export interface CheckpointFile extends CheckpointStore {
  load(): Uint8Array | undefined;
  save(state: Uint8Array): void;
  remove(): void;
}

/**
 * The checkpoint of a run that writes one file: it lies beside that file, and beside a pipe or a device there is none.
 * @throws UserError when there is a run in it that nobody asked to continue, or none can be
 */
export function checkpointBeside(out: string, how: { readonly resume?: boolean }) {
  if (!isSpecial(out)) return checkpointFile(`${out}.checkpoint`, how);
  if (how.resume) throw new UserError(`No run can be continued that writes into ${out}: name a file as --out.`);
  return undefined;
}

/**
 * A checkpoint in a file, which goes once the results of the run are written.
 * @throws UserError when there is a run in it that nobody asked to continue
 */
export function checkpointFile(path: string, { resume = false }: { readonly resume?: boolean }): CheckpointFile {
  if (!resume && existsSync(path)) {
    throw new UserError(
      `${path} has a run that was stopped: continue it with --resume, or remove that file to begin anew.`,
    );
  }
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
