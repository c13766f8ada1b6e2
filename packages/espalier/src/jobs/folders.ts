import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { asUserError } from "../data/file-errors.ts";
import { UserError } from "../errors.ts";
import { canonicalJson, parseJson } from "../json.ts";
import { digestOf, sha256 } from "./digest.ts";
import { getContents, putContents, type Store } from "./store.ts";

/** No more files are taken of a folder. */
const MOST_FILES = 1_000_000;

/** A path below a folder, with "/" between its parts, none of which leads up or out. */
const path = z.string().refine((text) => {
  const isPlain = !text.includes("\0") && !text.includes("\\") && !/^[A-Za-z]:/.test(text);
  return isPlain && text.split("/").every((part) => part !== "" && part !== "." && part !== "..");
});

/** The files of a folder, each by its content. */
const listing = z.record(path, sha256);

/**
 * The hash of a folder: that of the names of its files, in order, with the hashes of their contents.
 * @param onFile sees each file's contents
 * @throws UserError when it cannot be read, or has over a million files
 */
export async function digestOfFolder(
  folder: string,
  onFile: (contents: Uint8Array) => Promise<unknown> = async () => {},
): Promise<{ readonly digest: string; readonly listing: string }> {
  const files: Record<string, string> = {};
  try {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
    if (names.length > MOST_FILES) {
      throw new UserError(`${folder} has ${names.length} files, and a job takes ${MOST_FILES}: pack them into one.`);
    }
    for (const name of names.sort()) {
      const file = join(folder, name);
      if (!statSync(file).isFile()) continue;
      const contents = readFileSync(file);
      files[name.replaceAll("\\", "/")] = digestOf(contents);
      await onFile(contents);
    }
  } catch (error) {
    throw asUserError(error, `Cannot read ${folder}`);
  }
  const text = canonicalJson(files);
  return { digest: digestOf(text), listing: text };
}

/** Puts a folder into a store. @returns its hash */
export async function putFolder(store: Store, folder: string): Promise<string> {
  const { listing } = await digestOfFolder(folder, (contents) => putContents(store, contents));
  return putContents(store, new TextEncoder().encode(listing));
}

/** Makes a folder of a store's again, whole or not at all. @throws UserError when the store does not have all of it */
export async function getFolder(store: Store, digest: string, folder: string): Promise<void> {
  const files = listing.safeParse(parseJson(new TextDecoder().decode(await getContents(store, digest))));
  if (!files.success) throw new UserError(`${digest} in ${store.name} is no list of files: begin the sweep anew.`);
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  for (const [name, content] of Object.entries(files.data)) {
    const file = join(partial, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, await getContents(store, content));
  }
  renameSync(partial, folder);
}
