/** The parts that a folder may have as folders of their own, by the names that are usual. */
export const PARTS = {
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

/** Paths from a folder, part by part where it has folders for training and for another part; else all together. */
export function inParts(paths: readonly string[]): ReadonlyMap<Part | "all", Listing> {
  const sorted = [...paths].sort();
  const parts = new Map<Part | "all", Listing>();
  for (const part of ["train", "validation", "test"] as const) {
    for (const name of PARTS[part]) {
      const prefix = `${name}/`;
      const files = sorted.filter((path) => path.startsWith(prefix));
      if (files.length > 0 && !parts.has(part)) parts.set(part, { prefix, files });
    }
  }
  return parts.has("train") && parts.size > 1 ? parts : new Map([["all", { prefix: "", files: sorted }]]);
}
