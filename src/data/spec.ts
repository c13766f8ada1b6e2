import { basename } from "node:path";
import { UserError } from "../errors.ts";
import type { Dataset } from "./dataset.ts";
import { openIdxFolder, openMnist } from "./mnist.ts";
import { openModule } from "./module.ts";
import { openNpz } from "./npz.ts";

/**
 * Opens the data that a SPEC of the command line names: `mnist`, `idx:DIR`, `npz:FILE`, or the path of a module.
 * @throws UserError for another form, or data that cannot be read
 */
export async function openDataset(spec: string): Promise<Dataset> {
  if (spec === "mnist") return openMnist();
  const [, kind, path] = /^(\w+):(.+)$/.exec(spec) ?? [];
  if (kind === "idx") return openIdxFolder(path, basename(path));
  if (kind === "npz") return openNpz(path);
  if (/\.(js|mjs|cjs|ts|mts)$/.test(spec)) return openModule(spec);
  throw new UserError(
    `The data "${spec}" is of no known form: give mnist, idx:DIR, npz:FILE, or the path of a .js module.`,
  );
}
