import { type Dirent, opendirSync, statSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { type Listing, type Part, partFolders } from "./parts.ts";

/** Files of one kind. */
export interface FileKind {
  /** What messages call one, as "photograph". */
  readonly noun: string;
  /** How their names end. */
  readonly ending: RegExp;
  /** These as messages name them. */
  readonly endings: string;
  /** What the SPEC of data begins with. */
  readonly spec: string;
}

/** No more files are listed: their names alone would fill half a gigabyte. */
const MOST_FILES = 4_000_000;

/**
 * Lists the files of a kind in a folder and in the folders in it, by the ends of their names; part by part where it has
 * folders such as train and val.
 * @throws UserError when it cannot be read, holds no such file or parts that make no whole
 */
export function listFiles(folder: string, kind: FileKind): ReadonlyMap<Part | "all", Listing> {
  const { folders } = entriesOf(folder, kind);
  const parts = new Map<Part | "all", Listing>();
  for (const [part, name] of partFolders(folder, folders)) parts.set(part, listingOf(folder, `${name}/`, kind));
  if (parts.size === 0) return new Map([["all", listingOf(folder, "", kind)]]);
  const [[only, { prefix }]] = parts;
  if (!parts.has("train") || parts.size === 1) {
    throw new UserError(
      `${folder} has the part ${prefix} and no ${only === "train" ? "other" : "train/"}: name ${kind.spec}:${join(folder, prefix)} itself.`,
    );
  }
  return parts;
}

function listingOf(folder: string, prefix: string, kind: FileKind): Listing {
  const { files, folders } = entriesOf(join(folder, prefix), kind);
  for (const name of folders) {
    for (const file of entriesOf(join(folder, prefix, name), kind).files) files.push(`${name}/${file}`);
    if (files.length > MOST_FILES) throw tooMany(folder, kind);
  }
  if (files.length === 0) {
    throw new UserError(
      `There is no ${kind.noun} in ${join(folder, prefix)} (${kind.endings}, there or in folders in it): name the folder that has them.`,
    );
  }
  return { prefix, files: files.sort().map((file) => prefix + file) };
}

/** The files of a kind and the folders in a folder, without what is hidden. */
function entriesOf(folder: string, kind: FileKind): { files: string[]; folders: string[] } {
  const files: string[] = [];
  const folders: string[] = [];
  try {
    const opened = opendirSync(folder, { bufferSize: 1024 });
    try {
      for (let entry = opened.readSync(); entry; entry = opened.readSync()) {
        if (entry.name.startsWith(".")) continue;
        const is = whatIs(entry, folder);
        if (is === "folder") folders.push(entry.name);
        else if (is === "file" && kind.ending.test(entry.name)) files.push(entry.name);
        if (files.length > MOST_FILES) throw tooMany(folder, kind);
      }
    } finally {
      opened.closeSync();
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`Cannot read the folder ${folder} (${reason}): check the path.`);
  }
  return { files, folders: folders.sort() };
}

/** Links count as what they lead to; one that leads nowhere is nothing. */
function whatIs(entry: Dirent, folder: string): "file" | "folder" | undefined {
  const target = entry.isSymbolicLink() ? statSync(join(folder, entry.name), { throwIfNoEntry: false }) : entry;
  if (target?.isFile()) return "file";
  return target?.isDirectory() ? "folder" : undefined;
}

function tooMany(folder: string, { noun }: FileKind): UserError {
  return new UserError(`${folder} holds more than ${MOST_FILES} ${noun}s: divide it.`);
}
