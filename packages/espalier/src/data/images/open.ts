import { basename, join, resolve } from "node:path";
import { sizeOf } from "../../onnx/tensor.ts";
import { OptionsError } from "../../options-error.ts";
import type { Dataset } from "../dataset.ts";
import { type DivisionOptions, divide } from "../division.ts";
import { listFiles } from "../listing.ts";
import { checkPreprocessing, type Preprocessing } from "../preprocessing.ts";
import { Ahead, type Begun } from "./ahead.ts";
import { decodeBytes, PHOTOGRAPHS, readPhotograph } from "./decode.ts";
import { KeptPixels } from "./kept-pixels.ts";
import { findLabels, type LabelOptions } from "./labels.ts";
import { type Pixels, pictured } from "./samples.ts";

export interface ImageOptions extends LabelOptions, DivisionOptions {
  readonly preprocessing?: Preprocessing;
  /** Whether every other photograph is turned upside down, for networks that tell which way up one is. */
  readonly turnHalf?: boolean;
  /** Whether nobody asks for labels, so that none are looked for. */
  readonly ignoreLabels?: boolean;
}

/**
 * A folder of photographs, decoded when they are read, or before where it is known which come next; as many as 256 MB
 * of memory and a temporary file hold are kept decoded.
 * @throws UserError when the folder or its labels cannot be read or do not fit; when a photograph is read that is none
 */
export function openImages(folder: string, options: ImageOptions): Dataset {
  const { preprocessing, unlabeled = false } = options;
  if (!preprocessing) {
    throw new OptionsError(
      (o) =>
        `Nothing says how the photographs in ${folder} become the network's input: give ${o("size")}, ${o("channels")}, ${o("mean")} and ${o("scale")} as it was trained.`,
    );
  }
  checkPreprocessing(preprocessing);
  const listings = listFiles(folder, PHOTOGRAPHS);
  const all = [...listings.values()];
  const { labels, inferred } = options.ignoreLabels ? { inferred: false } : findLabels(folder, all, options);
  if (!labels && !unlabeled && !options.ignoreLabels) {
    throw new OptionsError(
      (o) =>
        `${join(folder, all[0].files[0])} has no label: begin the photographs' names with synset ids (n01440764_tench.jpg), put them into a folder for each class, or give a CSV file of labels by ${o("labels")}. To compare with another network, by ${o("against")}, none are needed.`,
    );
  }
  const division = divide(folder, listings, options);
  const paths = all.flatMap(({ files }) => files.map((file) => join(folder, file)));
  const pixels = pixelsOf(paths, options, preprocessing);
  return pictured(basename(resolve(folder)), { pixels, labels, inferred, preprocessing }, division);
}

function pixelsOf(paths: readonly string[], { turnHalf }: ImageOptions, preprocessing: Preprocessing): Pixels {
  const size = 3 * sizeOf(preprocessing.crop);
  const kept = new KeptPixels(size);
  const begin = (number: number): Begun => {
    const path = paths[number];
    const bytes = readPhotograph(path);
    const upright = decodeBytes(bytes, path, preprocessing);
    const pixels = turnHalf && number % 2 === 1 ? upright.then(upsideDown) : upright;
    return { bytes: bytes.length + size, pixels };
  };
  const ahead = new Ahead(begin);
  return {
    async of(number) {
      const known = kept.get(number);
      if (known) return known;
      const pixels = await (ahead.take(number) ?? begin(number).pixels);
      kept.set(number, pixels);
      return pixels;
    },
    prepare: (numbers) => ahead.prepare(numbers.filter((number) => !kept.has(number))),
  };
}

/** Pixels [height, width, 3] turned by 180 degrees. */
function upsideDown(pixels: Uint8Array): Uint8Array {
  const turned = new Uint8Array(pixels.length);
  for (let i = 0; i < pixels.length; i += 3) turned.set(pixels.subarray(i, i + 3), pixels.length - 3 - i);
  return turned;
}
