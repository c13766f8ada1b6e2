import { UserError } from "../errors.ts";

/** The parts that a folder may have as folders of their own, by the names that are usual. */
const PARTS = {
  train: ["train", "training"],
  validation: ["validation", "valid", "val"],
  test: ["test", "testing"],
} as const;

/** A part of some data. */
export type Part = keyof typeof PARTS;

/** Files of a folder or of a part of it. */
export interface Listing {
  /** What the paths of this part begin with: "", or the name of its folder and a slash. */
  readonly prefix: string;
  /** Paths from the folder, in the order of their names: "cat.jpg", "train/tabby/cat.jpg". */
  readonly files: readonly string[];
}

/**
 * The parts that a folder has, with the names of their folders.
 * @param folder how messages name it
 * @param names of the folders in it
 * @throws UserError when two of them are the same part
 */
export function partFolders(folder: string, names: readonly string[]): ReadonlyMap<Part, string> {
  const parts = new Map<Part, string>();
  for (const part of ["train", "validation", "test"] as const) {
    const found = PARTS[part].filter((name) => names.includes(name));
    if (found.length > 1) throw new UserError(`${folder} has the folders ${found.join(" and ")}: leave one of them.`);
    if (found.length === 1) parts.set(part, found[0]);
  }
  return parts;
}

/**
 * Paths from a folder, part by part where it has folders for training and for another part; else all together.
 * @throws UserError when two folders are the same part
 */
export function inParts(paths: readonly string[]): ReadonlyMap<Part | "all", Listing> {
  const sorted = [...paths].sort();
  const folders = new Set(sorted.flatMap((path) => /^[^/]+(?=\/)/.exec(path) ?? []));
  const parts = partFolders("The folder", [...folders]);
  if (!parts.has("train") || parts.size === 1) return new Map([["all", { prefix: "", files: sorted }]]);
  return new Map(
    Array.from(parts, ([part, name]) => {
      const prefix = `${name}/`;
      return [part, { prefix, files: sorted.filter((path) => path.startsWith(prefix)) }];
    }),
  );
}
