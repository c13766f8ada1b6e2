import type { Split } from "./dataset.ts";

/** At most so many samples of a split, evenly spread; all of those that follow each other. */
export function someOf(split: Split, most: number): Split {
  if (split.stream || split.size <= most) return split;
  const at = (indices: ArrayLike<number>) => Array.from(indices, (i) => Math.floor((i * split.size) / most));
  return {
    size: most,
    read: (indices, into) => split.read(at(indices), into),
    prepare: (indices) => split.prepare?.(at(indices)),
  };
}
