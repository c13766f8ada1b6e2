import { existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { UserError } from "../../errors.ts";
import { readDataFile } from "../read-file.ts";

/** Names under which a list of ImageNet's classes is looked for, in the folder of photographs and above it. */
const LISTS = ["synsets.txt", "synset_words.txt"];

/** A WordNet id, by which ImageNet calls its classes. */
export const SYNSET = /^n\d{8}$/;

/** ImageNet's classes, as its networks have them. */
export const IMAGENET_CLASSES = 1000;

const MOST_BYTES = 2 ** 24;

/** The place of each class in a network's outputs, by its name. */
export interface ClassOrder {
  readonly count: number;
  find(name: string): number | undefined;
  /** How messages name it. */
  readonly source: string;
}

/**
 * Reads a list of classes in the order of a network's outputs: a class a line, by its name, or by its synset id with
 * words behind it.
 * @throws UserError when it cannot be read, is empty or names a class twice
 */
export function readClasses(path: string): ClassOrder {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > MOST_BYTES) {
    throw new UserError(`${path} is over 16 MB: give a list with a class on each line.`);
  }
  const lines = new TextDecoder().decode(readDataFile(path)).trimEnd().split(/\r?\n/);
  const places = new Map<string, number>();
  for (const [i, line] of lines.entries()) {
    const whole = line.trim();
    if (whole === "") throw new UserError(`${path} has no class in line ${i + 1}: give one on each line.`);
    const [id] = whole.split(/\s/, 1);
    const name = SYNSET.test(id) ? id : whole;
    const before = places.get(name);
    if (before !== undefined) {
      throw new UserError(`${path} names "${name}" in the lines ${before + 1} and ${i + 1}: give each class once.`);
    }
    places.set(name, i);
  }
  return { count: lines.length, find: (name) => places.get(name), source: path };
}

/** The list of ImageNet's classes that lies in a folder or in the one above it. */
export function findClasses(folder: string): ClassOrder | undefined {
  const places = [folder, dirname(resolve(folder))];
  const path = places.flatMap((place) => LISTS.map((name) => join(place, name))).find((path) => existsSync(path));
  return path === undefined ? undefined : readClasses(path);
}

/** Classes in the order of their names. */
export function sortedClasses(names: Iterable<string>, source: string): ClassOrder {
  const sorted = [...new Set(names)].sort();
  const places = new Map(sorted.map((name, i) => [name, i]));
  return { count: sorted.length, find: (name) => places.get(name), source };
}
