import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../errors.ts";
import { OptionsError } from "../../options-error.ts";
import type { Listing } from "../parts.ts";
import { type ClassOrder, findClasses, IMAGENET_CLASSES, readClasses, SYNSET, sortedClasses } from "./classes.ts";
import { LABEL_FILE, readLabelFile } from "./label-file.ts";

export interface LabelOptions {
  /** A CSV file with the labels; default: labels.csv in the folder, where it is. */
  readonly labels?: string;
  /** A file with the classes in the order of the network's outputs. */
  readonly classes?: string;
  /** How many class scores the network gives, where that is known. */
  readonly outputs?: number;
  /**
   * Whether photographs without labels are taken; the dataset then has no targets. Labels that are only inferred from
   * names need not fit the network then, and are none where they cannot be made out. Default: they are refused.
   */
  readonly unlabeled?: boolean;
}

/** The class of each photograph. */
export interface Labels {
  readonly classes: number;
  /** In the order of the listings. */
  readonly of: Int32Array;
}

/** What is known of labels. */
export interface FoundLabels {
  readonly labels?: Labels;
  /** Whether nobody gave labels, but the names of files or folders look like some. */
  readonly inferred: boolean;
}

/**
 * The labels of photographs: by a CSV file, by the folder that each lies in, or by the synset id that its name begins with,
 * as n01440764_tench.jpg. There are none where they are only inferred, not of each photograph, and not known to be needed.
 *
 * The order of the classes is that of a list: the one given, or, for synsets, synsets.txt or synset_words.txt in the
 * folder or above it. Without one it is the order of their names, if they are as many as the network's scores.
 * Labels that are whole numbers, in a CSV file without a list, are the classes themselves.
 * @throws UserError when only some have a label, or one that is in no list
 */
export function findLabels(folder: string, listings: readonly Listing[], options: LabelOptions): FoundLabels {
  const beside = join(folder, LABEL_FILE);
  const csv = options.labels ?? (existsSync(beside) ? beside : undefined);
  /** Whether somebody said the labels, or the classes: else all is read from names. */
  const given = (csv ?? options.classes) !== undefined;
  try {
    const labels = labelPhotographs(folder, csv, listings, { ...options, anyNumber: !given && options.unlabeled });
    return { labels, inferred: !given && labels !== undefined };
  } catch (error) {
    const needed = given || !options.unlabeled || options.outputs !== undefined;
    if (needed || !(error instanceof UserError)) throw error;
    return { inferred: true };
  }
}

/** How classes come to be in an order. */
interface OrderOptions extends LabelOptions {
  /** Whether there may be other classes than the network has scores for. */
  readonly anyNumber?: boolean;
}

/**
 * @param csv the file with the labels, if there is one
 * @returns undefined where nothing says what is on the photographs
 * @throws UserError when only some have a label, or one that is in no list
 */
function labelPhotographs(
  folder: string,
  csv: string | undefined,
  listings: readonly Listing[],
  options: OrderOptions,
): Labels | undefined {
  const given = options.classes === undefined ? undefined : readClasses(options.classes);
  const files = listings.flatMap(({ files }) => files);
  const names = csv === undefined ? namesByPath(folder, listings) : namesByFile(csv, files);
  if (!names) return undefined;
  if (csv !== undefined && !given && names.every((name) => /^\d+$/.test(name))) return numbered(csv, names, options);
  const order = given ?? orderOf(folder, names, options);
  const labels = Int32Array.from(names, (name, i) => {
    const place = order.find(name);
    if (place !== undefined) return place;
    throw new UserError(`${join(folder, files[i])} is of the class "${name}", which ${order.source} does not name.`);
  });
  return { classes: order.count, of: labels };
}

function namesByFile(csv: string, files: readonly string[]): string[] {
  const labels = readLabelFile(csv);
  const known = new Set(files);
  for (const file of labels.keys()) {
    if (!known.has(file)) throw new UserError(`${csv} has a label for ${file}, and there is no such photograph.`);
  }
  return files.map((file) => {
    const label = labels.get(file);
    if (label === undefined) throw new UserError(`${csv} has no label for ${file}: add a row for it.`);
    return label;
  });
}

/** The folder's name where photographs lie in folders, the synset id where their names begin with one. */
function namesByPath(folder: string, listings: readonly Listing[]): string[] | undefined {
  const found = listings.flatMap(({ prefix, files }) =>
    files.map((file) => {
      const own = file.slice(prefix.length);
      return own.includes("/") ? own.slice(0, own.indexOf("/")) : synsetOf(own);
    }),
  );
  const names = found.filter((name) => name !== undefined);
  if (names.length === 0) return undefined;
  if (names.length === found.length) return names;
  const file = listings.flatMap(({ files }) => files)[found.indexOf(undefined)];
  throw new UserError(
    `${join(folder, file)} has no label, and others have: begin its name with its synset id (n01440764_), put it into a folder of its class, or take it out.`,
  );
}

function synsetOf(name: string): string | undefined {
  const [id] = name.split(/[_.-]/, 1);
  return SYNSET.test(id) ? id : undefined;
}

function orderOf(folder: string, names: readonly string[], { outputs, anyNumber }: OrderOptions): ClassOrder {
  const synsets = names.every((name) => SYNSET.test(name));
  const found = synsets ? findClasses(folder) : undefined;
  if (found) return found;
  const order = sortedClasses(names, folder);
  const expected = outputs ?? (synsets ? IMAGENET_CLASSES : order.count);
  if (anyNumber || order.count === expected) return order;
  throw new OptionsError(
    (o) =>
      `The photographs in ${folder} are of ${order.count} classes and the network's scores of ${expected}: give a file by ${o("classes")} with a class on each line, in the order of the scores.`,
  );
}

/** Labels that are numbers are below this. */
const MOST_CLASSES = 1e6;

function numbered(csv: string, names: readonly string[], { outputs }: LabelOptions): Labels {
  const most = outputs ?? MOST_CLASSES;
  const beyond = names.find((name) => Number(name) >= most);
  if (beyond !== undefined)
    throw new UserError(`${csv} has the label ${beyond}, and the classes are 0 to ${most - 1}.`);
  const labels = Int32Array.from(names, Number);
  const classes = outputs ?? labels.reduce((count, label) => Math.max(count, label + 1), 0);
  return { classes, of: labels };
}
