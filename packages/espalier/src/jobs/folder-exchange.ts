import { randomUUID } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asUserError } from "../data/file-errors.ts";
import { isAlive } from "../data/processes.ts";
import type { Exchange } from "../engine/exchange.ts";
import { errorCode, UserError } from "../errors.ts";
import { digestOf, sha256 } from "./digest.ts";

/**
 * An exchange in a folder, which threads, processes or machines share: each file has the hash of its contents as its
 * name. Nothing here is to outlive a run, so nothing waits for the disk.
 */
export function folderExchange(folder: string): Exchange {
  const pathOf = (key: string) => {
    if (sha256.safeParse(key).success) return join(folder, key);
    throw new UserError(`"${key}" is not the hash of anything in ${folder}.`);
  };
  return {
    async put(contents) {
      const key = digestOf(contents);
      const path = pathOf(key);
      const there = await stat(path).then(
        ({ size }) => size === contents.length,
        () => false,
      );
      if (there) return key;
      // Another may write the same at the same time.
      const unfinished = `${path}.${randomUUID()}`;
      try {
        await writeFile(unfinished, contents);
        await rename(unfinished, path);
      } catch (error) {
        await rm(unfinished, { force: true });
        throw asUserError(error, `Cannot write into ${folder}`);
      }
      return key;
    },
    async get(key) {
      const path = pathOf(key);
      const contents = await readFile(path).catch((error: unknown) => {
        throw asUserError(error, `Cannot read ${path}`);
      });
      if (digestOf(contents) !== key) throw new UserError(`${path} is damaged: run the command again.`);
      return contents;
    },
    drop: async (key) => rm(pathOf(key), { force: true }),
  };
}

/** Makes a folder for an exchange. It goes when this process ends; if that is killed, with the next. */
export function temporaryFolder(): { readonly folder: string; remove(): void } {
  const parent = tmpdir();
  for (const name of readdirSync(parent)) {
    const [, pid] = /^espalier-exchange-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) removeIfOwn(join(parent, name));
  }
  const folder = mkdtempSync(join(parent, `espalier-exchange-${process.pid}-`));
  const onExit = () => removeFolder(folder);
  process.once("exit", onExit);
  return {
    folder,
    remove() {
      process.off("exit", onExit);
      removeFolder(folder);
    },
  };
}

const removeFolder = (path: string) => rmSync(path, { recursive: true, force: true });

/** What another user left is that user's to remove. */
function removeIfOwn(path: string): void {
  try {
    removeFolder(path);
  } catch (error) {
    if (errorCode(error) !== "EACCES" && errorCode(error) !== "EPERM") throw error;
  }
}
