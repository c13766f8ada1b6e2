import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { readIdx } from "../../../packages/espalier/src/data/idx.ts";
import { openIdxFolder } from "../../../packages/espalier/src/data/mnist.ts";
import { idx } from "../../../packages/espalier/test/data/arrays.ts";
import { mutated, noise, oneOf } from "../mutate/bytes.ts";
import { type Target, unlessRefused } from "../target.ts";
import { readSome } from "./samples.ts";

const FILES = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
];
const pixels = (count: number) => Array.from({ length: count }, (_, i) => (37 * i) % 256);

/** idx files: alone, and the four of a folder, packed or not. */
export const idxFiles: Target = {
  share: 12,
  open(scratch) {
    const whole = [
      idx([24, 3, 2], pixels(144)),
      idx(
        [24],
        pixels(24).map((value) => value % 10),
      ),
      idx([3, 3, 2], pixels(18)),
      idx([3], [1, 0, 9]),
    ];
    const readFolder = (parts: readonly Uint8Array[]) => {
      for (const [i, file] of FILES.entries()) writeFileSync(join(scratch, file), parts[i]);
      return unlessRefused(async () => readSome(openIdxFolder(scratch, "fuzz"))).then((found) => found !== undefined);
    };
    const readOne = (parts: readonly Uint8Array[]) =>
      unlessRefused(() => {
        const { dims, data } = readIdx(parts[0], "The file");
        if (data.length !== dims.reduce((size, dim) => size * dim, 1)) throw new Error(`[${dims}] of ${data.length}.`);
      }).then((found) => found !== undefined);
    return (draw) => {
      const which = draw.below(FILES.length);
      const form = draw.below(8);
      if (form === 0) return { kind: "noise", parts: [noise(draw, draw.below(40))], read: readOne };
      if (form < 6) return { kind: "one file", parts: [mutated(draw, oneOf(draw, whole), whole)], read: readOne };
      const kind = form === 6 ? "a folder" : "a packed folder";
      const parts = whole.map((file, i) => {
        if (i !== which) return file;
        if (form === 6) return mutated(draw, file, whole);
        return draw.below(2) ? gzipSync(mutated(draw, file, whole)) : mutated(draw, gzipSync(file));
      });
      return { kind, parts, read: readFolder };
    };
  },
};
