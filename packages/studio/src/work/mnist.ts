import { arraySplit, type Dataset, readIdx } from "espalier";
import { SAMPLE } from "./sample-sizes.ts";

const WHITE = 255;

/**
 * The sample of MNIST that comes with the page: the first images of its training set, in part to validate on, and the
 * first of its test set.
 * @param images an idx file of all
 * @param labels an idx file of their classes
 */
export function mnistDataset(images: Uint8Array, labels: Uint8Array): Dataset {
  const pixels = readIdx(images, "The sample's images");
  const classes = readIdx(labels, "The sample's labels");
  const [, rows, columns] = pixels.dims;
  const arrays = {
    image: { values: pixels.data, size: rows * columns, scale: 1 / WHITE },
    label: { values: classes.data, size: 1 },
  };
  const { train, validation, test } = SAMPLE;
  return {
    name: "MNIST sample",
    inputs: [{ name: "image", dtype: "float32", shape: [1, rows, columns] }],
    targets: [{ name: "label", dtype: "int32", shape: [] }],
    classes: 10,
    train: arraySplit(arrays, 0, train),
    validation: arraySplit(arrays, train, train + validation),
    test: arraySplit(arrays, train + validation, train + validation + test),
  };
}
