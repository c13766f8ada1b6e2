import type { Dataset, Split } from "../data/dataset.ts";
import { readTo } from "./pulse.ts";

/** The same data, which tells how far it is where a split is read in its order. */
export function watched(data: Dataset): Dataset {
  const watch = (split: Split, part: string): Split => {
    let next = 0;
    return {
      ...split,
      read(indices, into) {
        const first = indices[0];
        const last = indices[indices.length - 1];
        if (first === 0) next = 0;
        if (first === next && last === first + indices.length - 1) {
          next = last + 1;
          readTo(part, next, split.size);
        } else readTo(part, split.size, split.size);
        return split.read(indices, into);
      },
    };
  };
  return {
    ...data,
    train: watch(data.train, "training"),
    validation: watch(data.validation, "validation"),
    test: watch(data.test, "test"),
  };
}
