import { basename, join, resolve } from "node:path";
import { sizeOf } from "../../onnx/tensor.ts";
import { OptionsError } from "../../options-error.ts";
import type { Dataset, Split } from "../dataset.ts";
import { type DivisionOptions, divide } from "../division.ts";
import { listFiles } from "../listing.ts";
import { checkPreprocessing, isAsDecoded, type Preprocessing, sampleShape } from "../preprocessing.ts";
import { Ahead, type Begun } from "./ahead.ts";
import { decodeBytes, PHOTOGRAPHS, readPhotograph } from "./decode.ts";
import { KeptPixels } from "./kept-pixels.ts";
import { findLabels, type LabelOptions } from "./labels.ts";
import { writeInput } from "./network-input.ts";

export interface ImageOptions extends LabelOptions, DivisionOptions {
  readonly preprocessing?: Preprocessing;
  /** Whether every other photograph is turned upside down, for networks that tell which way up one is. */
  readonly turnHalf?: boolean;
  /** Whether nobody asks for labels, so that none are looked for. */
  readonly ignoreLabels?: boolean;
}

/** The names of a sample's tensors. */
const IMAGE = "image";
const LABEL = "label";

/** Photographs that are decoded at the same time. */
const AT_ONCE = 4;
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
  const photographs: Photographs = {
    labels: labels?.of,
    preprocessing,
    pixels: pixelsOf(
      all.flatMap(({ files }) => files.map((file) => join(folder, file))),
      options,
      preprocessing,
    ),
  };
  return {
    name: basename(resolve(folder)),
    inputs: [
      {
        name: IMAGE,
        dtype: "float32",
        shape: sampleShape(preprocessing),
        ...(isAsDecoded(preprocessing) && { stored: "uint8" as const }),
      },
    ],
    targets: labels ? [{ name: LABEL, dtype: "int32", shape: [] }] : [],
    classes: labels?.classes,
    ...(inferred && { inferred }),
    preprocessing,
    train: splitOf(photographs, division.train),
    validation: splitOf(photographs, division.validation),
    test: splitOf(photographs, division.test),
  };
}

interface Photographs {
  readonly labels?: Int32Array;
  readonly preprocessing: Preprocessing;
  readonly pixels: Pixels;
}

/** The pixels of photographs by their numbers. */
interface Pixels {
  of(number: number): Promise<Uint8Array>;
  /** Begins with those that are asked for next. */
  prepare(numbers: readonly number[]): void;
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

function splitOf({ labels, preprocessing, pixels }: Photographs, members: Uint32Array): Split {
  const size = sizeOf(sampleShape(preprocessing));
  return {
    size: members.length,
    prepare: (indices) => pixels.prepare(Array.from(indices, (index) => members[index])),
    async read(indices, { [IMAGE]: images, [LABEL]: classes }) {
      if (classes && labels) for (let i = 0; i < indices.length; i++) classes[i] = labels[members[indices[i]]];
      if (!(images instanceof Float32Array || images instanceof Uint8Array)) return;
      let next = 0;
      const worker = async () => {
        while (next < indices.length) {
          const i = next++;
          const own = await pixels.of(members[indices[i]]);
          writeInput(own, preprocessing, images.subarray(i * size, (i + 1) * size));
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
    },
  };
}
