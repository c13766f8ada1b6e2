import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { asUserError } from "../data/file-errors.ts";
import { isAlive } from "../data/processes.ts";
import { errorCode, UserError } from "../errors.ts";
import { checkWritable, isSpecial, targetOf, temporaryIn } from "./files.ts";

/** The lock files of this process, which go when the command ends. */
const held = new Set<string>();
let watched = false;

/** Files that are read; undefined for an option that is not given. */
type Inputs = readonly (string | undefined)[];

/**
 * Checks that a file can be written before there is a result to write, and that it is none of those that are read.
 * @throws UserError when it cannot, or is
 */
export function claimFile(file: string, inputs: Inputs): void {
  try {
    refuseInputs([file], inputs);
    if (!isSpecial(file)) checkWritable(dirname(targetOf(file)));
  } catch (error) {
    throw asUserError(error, `Cannot write ${file}`);
  }
}

/**
 * Makes a folder in which this process alone writes until the command ends.
 * @param files that are written there
 * @param inputs that are read, and so none of them
 * @throws UserError when it cannot be written, another run writes there, or an input would be replaced
 */
export function claimFolder(folder: string, files: readonly string[] = [], inputs: Inputs = []): void {
  refuseInputs(
    files.map((file) => join(folder, file)),
    inputs,
  );
  checkWritable(folder);
  lock(join(folder, ".espalier.lock"), folder);
}

/**
 * Lets no other run write the same file, with its state beside it, until the command ends.
 * @throws UserError when another does
 */
export function lockFile(file: string): void {
  if (!isSpecial(file)) lock(`${targetOf(file)}.lock`, file);
}

/** Lets others write where this process did. */
export function releaseClaims(): void {
  for (const path of held) rmSync(path, { force: true });
  held.clear();
}

function refuseInputs(files: readonly string[], inputs: Inputs): void {
  for (const file of files) {
    const same = inputs.find((input) => input !== undefined && isSame(file, input));
    if (same === undefined) continue;
    throw new UserError(`${file} would be written over a file that is read: choose another --out.`);
  }
}

function isSame(a: string, b: string): boolean {
  const [one, other] = [a, b].map((path) => statSync(path, { throwIfNoEntry: false }));
  return one !== undefined && other !== undefined && one.dev === other.dev && one.ino === other.ino && one.isFile();
}

/** A lock is a file with the number of the process that has it; one of a process that is no more is taken over. */
function lock(path: string, what: string): void {
  if (!watched) process.on("exit", releaseClaims);
  watched = true;
  const own = resolve(path);
  for (;;) {
    try {
      writeFileSync(own, `${process.pid}\n`, { flag: "wx" });
      held.add(own);
      return;
    } catch (error) {
      if (!isExisting(error)) throw asUserError(error, `Cannot write ${path}`);
    }
    const holder = holderOf(own);
    if (holder === process.pid ? held.has(own) : isAlive(holder)) {
      throw new UserError(
        `Another run (process ${holder}) writes into ${what}: choose another --out, or wait until it ends.`,
      );
    }
    takeAway(own);
  }
}

/** Of two that find a lock of no one, one moves it away; the other looks again. */
function takeAway(path: string): void {
  const away = temporaryIn(dirname(path));
  try {
    renameSync(path, away);
    rmSync(away);
  } catch (error) {
    if (!isMissing(error)) throw asUserError(error, `Cannot write ${path}`);
  }
}

function holderOf(path: string): number {
  try {
    return Number.parseInt(readFileSync(path, "utf8"), 10);
  } catch {
    return Number.NaN;
  }
}

const isExisting = (error: unknown) => errorCode(error) === "EEXIST";
const isMissing = (error: unknown) => errorCode(error) === "ENOENT";
