import { basename, join, resolve } from "node:path";
import { sizeOf } from "../../onnx/tensor.ts";
import { OptionsError } from "../../options-error.ts";
import { Cache } from "../cache.ts";
import type { Dataset, Split } from "../dataset.ts";
import { type DivisionOptions, divide } from "../division.ts";
import { listFiles } from "../listing.ts";
import { checkPreprocessing, isAsDecoded, type Preprocessing, sampleShape } from "../preprocessing.ts";
import { decode, PHOTOGRAPHS } from "./decode.ts";
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
/** Bytes of decoded photographs that are kept: some 1,700 of 227 x 227. */
const KEPT = 2 ** 28;

/**
 * A folder of photographs, decoded when they are read; as many as 256 MB hold are kept decoded.
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
        `${join(folder, all[0].files[0])} has no label: begin the photographs' names with synset ids (n01440764_tench.jpg), put them into a folder for each class, or give a CSV file of labels by ${o("labels")}.`,
    );
  }
  const division = divide(folder, listings, options);
  const photographs: Photographs = {
    folder,
    files: all.flatMap(({ files }) => files),
    labels: labels?.of,
    preprocessing,
    cache: new Cache(KEPT),
    turnHalf: options.turnHalf ?? false,
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
  readonly folder: string;
  readonly files: readonly string[];
  readonly labels?: Int32Array;
  readonly preprocessing: Preprocessing;
  readonly cache: Cache;
  readonly turnHalf: boolean;
}

/** Pixels [height, width, 3] turned by 180 degrees. */
function upsideDown(pixels: Uint8Array): Uint8Array {
  const turned = new Uint8Array(pixels.length);
  for (let i = 0; i < pixels.length; i += 3) turned.set(pixels.subarray(i, i + 3), pixels.length - 3 - i);
  return turned;
}

function splitOf(photographs: Photographs, members: Uint32Array): Split {
  const { folder, files, labels, preprocessing, cache, turnHalf } = photographs;
  const pixelsOf = async (number: number): Promise<Uint8Array> => {
    const kept = cache.get(number);
    if (kept) return kept;
    const upright = await decode(join(folder, files[number]), preprocessing);
    const pixels = turnHalf && number % 2 === 1 ? upsideDown(upright) : upright;
    cache.set(number, pixels);
    return pixels;
  };
  const size = sizeOf(sampleShape(preprocessing));
  return {
    size: members.length,
    async read(indices, { [IMAGE]: images, [LABEL]: classes }) {
      if (classes && labels) for (let i = 0; i < indices.length; i++) classes[i] = labels[members[indices[i]]];
      if (!(images instanceof Float32Array || images instanceof Uint8Array)) return;
      let next = 0;
      const worker = async () => {
        while (next < indices.length) {
          const i = next++;
          const pixels = await pixelsOf(members[indices[i]]);
          writeInput(pixels, preprocessing, images.subarray(i * size, (i + 1) * size));
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
    },
  };
}
