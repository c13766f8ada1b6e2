import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { asUserError, reasonOf } from "../data/file-errors.ts";
import { isAlive } from "../data/processes.ts";
import { readStandardInput, readStream, STANDARD } from "../data/read-file.ts";
import { UserError } from "../errors.ts";
import { LARGEST_MODEL } from "../onnx/external.ts";

/** No more is taken of a pipe or a device: 512 MB. */
const MOST_OF_STREAM = 2 ** 29;

/**
 * Reads a file that the user named, or a pipe or standard input (`-`) to its end.
 * @throws UserError when it cannot be read or is over 2 GB
 */
export function readFile(path: string): Uint8Array {
  try {
    if (path === STANDARD) return readStandardInput(MOST_OF_STREAM);
    const stat = statSync(path);
    // A pipe has no size; it may never end.
    if (!stat.isFile() && !stat.isDirectory()) return readStream(path, MOST_OF_STREAM);
    const { size } = stat;
    if (size > LARGEST_MODEL)
      throw new UserError(
        `${path} has ${size} bytes, and a model of over 2 GB cannot be held in one ONNX file: take a smaller one.`,
      );
    return readFileSync(path);
  } catch (error) {
    throw asUserError(error, `Cannot read ${path}`);
  }
}

/** Where a temporary file is in a folder: its name is short, whatever that of the file is. */
export const temporaryIn = (folder: string) => join(folder, `.espalier-${process.pid}.tmp`);

/** Folders that this process has looked through. */
const swept = new Set<string>();

/** Takes the temporary files away that processes left which are no more: one that is killed cannot do it itself. */
function sweep(folder: string): void {
  const path = resolve(folder);
  if (swept.has(path)) return;
  swept.add(path);
  for (const name of readdirSync(path)) {
    const [, process] = /^\.espalier-(\d+)\.tmp$/.exec(name) ?? [];
    if (process !== undefined && !isAlive(Number(process))) removeFile(join(path, name));
  }
}

/**
 * Writes a file whole or not at all, so that it also survives that the machine stops: under a temporary name beside it,
 * then renamed. Makes the folder where it is not. What a symbolic link leads to is written, and a device or a pipe is
 * written to, not replaced; so is standard output, which `-` stands for.
 * @throws UserError when the folder cannot be written or the disk is full
 */
export function writeFile(path: string, contents: Uint8Array | string): void {
  let temporary: string | undefined;
  try {
    if (path === STANDARD) {
      process.stdout.write(contents);
      return;
    }
    if (isSpecial(path)) {
      writeFileSync(path, contents);
      return;
    }
    const target = targetOf(path);
    const folder = dirname(target);
    makeFolder(folder);
    sweep(folder);
    temporary = temporaryIn(folder);
    const before = statSync(target, { throwIfNoEntry: false });
    if (before?.isDirectory()) throw new UserError(`Cannot write ${path}: ${reasonOf("EISDIR")}.`);
    writeThrough(temporary, contents, before?.mode);
    renameSync(temporary, target);
    settle(folder);
  } catch (error) {
    if (temporary) rmSync(temporary, { force: true });
    throw asUserError(error, `Cannot write ${path}`);
  }
}

/** Returns true for standard output, and what is there and is neither a file nor a folder: a device, a pipe. */
export function isSpecial(path: string): boolean {
  if (path === STANDARD) return true;
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && !stat.isFile() && !stat.isDirectory();
}

/** The file that a path leads to, through symbolic links, whether it is there yet or not. */
export function targetOf(path: string): string {
  let target = path;
  for (let links = 0; links < MOST_LINKS; links++) {
    if (!lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink()) return target;
    target = resolve(dirname(target), readlinkSync(target));
  }
  throw new UserError(`Cannot write ${path}: ${reasonOf("ELOOP")}.`);
}

/** As many as Linux follows. */
const MOST_LINKS = 40;

/** Writes a file so that it is on the disk before it takes another's place. */
function writeThrough(path: string, contents: Uint8Array | string, mode?: number): void {
  const file = openSync(path, "w", mode);
  try {
    writeFileSync(file, contents);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A new name is on the disk when its folder is. Some systems cannot do that, and need not. */
function settle(folder: string): void {
  try {
    const file = openSync(folder, "r");
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch {
    // The file itself is whole.
  }
}

/** Makes a folder and those around it. Node's own recursive way never returns where the system answers ENOENT, as in /proc. */
function makeFolder(folder: string): void {
  const path = resolve(folder);
  if (existsSync(path) && statSync(path).isDirectory()) return;
  if (path !== dirname(path)) makeFolder(dirname(path));
  mkdirSync(path);
}

/** Checks that files can be written into a folder before hours are spent on what goes there. Makes the folder. */
export function checkWritable(folder: string): void {
  const probe = temporaryIn(folder);
  try {
    makeFolder(folder);
    sweep(folder);
    writeFileSync(probe, "");
    rmSync(probe);
  } catch (error) {
    throw asUserError(error, `Cannot write into ${folder}`);
  }
}

/** Removes a file that may not be there. */
export function removeFile(path: string): void {
  rmSync(path, { force: true });
}
