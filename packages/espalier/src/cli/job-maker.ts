import { statSync } from "node:fs";
import { extname } from "node:path";
import { mnistFolder } from "../data/mnist.ts";
import { UserError } from "../errors.ts";
import type { CommandJob, JobCommand, JobInput } from "../jobs/command-job.ts";
import { digestOf } from "../jobs/digest.ts";
import { digestOfFolder, putFolder } from "../jobs/folders.ts";
import { processorName } from "../jobs/processor.ts";
import { putContents, type Store } from "../jobs/store.ts";
import { jobVersion } from "../jobs/version.ts";
import type { Callable } from "./command.ts";
import { readFile } from "./files.ts";
import { type Given, type NamedFile, renamed } from "./job-files.ts";
import { openModel } from "./model.ts";

/** A call of a command whose files are named as its user names them, or by {@link contentPath}. */
export interface CommandCall extends Given {
  readonly command: JobCommand;
  readonly seed?: number;
  readonly threads: number;
}

const CONTENT = "sha256:";

/** What names contents of the store where a file is asked for. @param ending of the file's name, such as ".onnx" */
export const contentPath = (digest: string, ending: string) => `${CONTENT}${digest}${ending}`;

/** What a command takes. */
export type FindCommand = (command: JobCommand) => Promise<Pick<Callable, "argument" | "options">>;

/** Makes jobs of calls: what they read goes into the store, once. */
export class JobMaker {
  readonly #store: Store;
  readonly #find: FindCommand;
  readonly #known = new Map<string, Promise<JobInput>>();
  readonly #modules = new Set<string>();

  /** @param find what a command takes */
  constructor(store: Store, find: FindCommand) {
    this.#store = store;
    this.#find = find;
  }

  /** The modules that jobs need so far: they are not in the store, and a worker is given them by their paths. */
  get modules(): readonly string[] {
    return [...this.#modules];
  }

  /** @throws UserError for a file that cannot be read */
  async make({ command, argument, options, seed, threads }: CommandCall): Promise<CommandJob> {
    const called = await this.#find(command);
    const inputs: Record<string, JobInput> = {};
    const given = await renamed(called, { argument, options }, async (file) => {
      const name = nameOf(file);
      inputs[name] = await this.#inputOf(file);
      return name;
    });
    // Its experiments learn from MNIST where they are given nothing else.
    if (command === "reproduce" && options.data === undefined) inputs[MNIST] = await this.#inputOf(mnist);
    const machine = { version: jobVersion(), processor: processorName() };
    return { command, ...given, inputs, ...(seed === undefined ? {} : { seed }), ...machine, threads };
  }

  #inputOf(file: NamedFile): Promise<JobInput> {
    const key = `${file.reads} ${file.path}`;
    const known = this.#known.get(key) ?? this.#put(file);
    this.#known.set(key, known);
    return known;
  }

  async #put({ option, reads, path }: NamedFile): Promise<JobInput> {
    if (path.startsWith(CONTENT)) return { kind: "file", sha256: path.slice(CONTENT.length, CONTENT.length + 64) };
    if (reads === "data" && path === MNIST)
      return { kind: "own", sha256: (await digestOfFolder(mnistFolder())).digest };
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat?.isFile() && !stat?.isDirectory()) {
      throw new UserError(`${option} is "${path}", and there is no such file or folder: check the path.`);
    }
    if (reads === "module") {
      this.#modules.add(path);
      return { kind: "module", sha256: digestOf(readFile(path)) };
    }
    if (stat.isDirectory()) return { kind: "folder", sha256: await putFolder(this.#store, path) };
    // A model comes in one file, with the weights that lie in files beside it.
    const contents = reads === "model" && path.endsWith(".onnx") ? openModel(path).contents : readFile(path);
    return { kind: "file", sha256: await putContents(this.#store, contents) };
  }
}

const MNIST = "mnist";
const mnist: NamedFile = { option: "data", reads: "data", path: MNIST };

/** What a job calls a file: always the same, so that the names of its user's have no part in its id. */
function nameOf({ option, reads, path }: NamedFile): string {
  if (reads === "data" && path === MNIST) return MNIST;
  const ending = extname(path);
  return /^\.[A-Za-z0-9]{1,16}$/.test(ending) ? `${option}${ending}` : option;
}
