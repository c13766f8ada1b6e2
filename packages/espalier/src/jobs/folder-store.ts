import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { access, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { asUserError } from "../data/file-errors.ts";
import { errorCode } from "../errors.ts";
import type { Store } from "./store.ts";

/** Where what is being written has its name until it is whole. */
const UNFINISHED = "unfinished";
/** Milliseconds after which nobody is still writing such a file: a day. */
const ABANDONED = 24 * 3600 * 1000;

/** A store in a folder, which several machines may share. Makes the folder. */
export async function folderStore(path: string): Promise<Store> {
  const folder = resolve(path);
  const unfinished = join(folder, UNFINISHED);
  const remove = async (key: string) => {
    try {
      // A machine that is late may write there at the same time.
      await rm(join(folder, key), { recursive: true, force: true, maxRetries: 3 });
    } catch (error) {
      throw asUserError(error, `Cannot remove ${key} from ${path}`);
    }
  };
  try {
    await mkdir(unfinished, { recursive: true });
    await access(unfinished, constants.W_OK);
    await removeAbandoned(unfinished);
  } catch (error) {
    throw asUserError(error, `Cannot write into ${path}`);
  }
  return {
    name: path,
    has: (key) => stat(join(folder, key)).then(isFile, nothingIf(false)),
    read: (key) => readFile(join(folder, key)).catch(nothingIf(undefined)),
    async write(key, contents) {
      // Another machine may write the same at the same time, in a process of the same number.
      const temporary = join(unfinished, randomUUID());
      const target = join(folder, key);
      try {
        await mkdir(dirname(target), { recursive: true });
        await writeThrough(temporary, contents);
        await rename(temporary, target);
      } catch (error) {
        await rm(temporary, { force: true });
        throw asUserError(error, `Cannot write into ${path}`);
      }
    },
    remove,
    removeBelow: remove,
  };
}

const isFile = (found: { isFile(): boolean }) => found.isFile();

/** What to give where a file is not there; other mistakes stay mistakes. */
function nothingIf<Nothing>(nothing: Nothing) {
  return (error: unknown): Nothing => {
    if (errorCode(error) === "ENOENT") return nothing;
    throw error;
  };
}

/** Writes a file so that it is on the disk before it has its name. */
async function writeThrough(path: string, contents: Uint8Array): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(contents);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Takes away what processes left that were killed. */
async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path).catch(nothingIf({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (Date.now() - mtimeMs > ABANDONED) await rm(path, { force: true });
  }
}
