import { basename, join, resolve } from "node:path";
import { OptionsError } from "../../options-error.ts";
import { Cache } from "../cache.ts";
import type { Dataset, Split } from "../dataset.ts";
import { type DivisionOptions, divide } from "../division.ts";
import { listFiles } from "../listing.ts";
import { channelCount, checkPreprocessing, type Preprocessing } from "../preprocessing.ts";
import { decode, PHOTOGRAPHS } from "./decode.ts";
import { type LabelOptions, labelPhotographs } from "./labels.ts";
import { writeInput } from "./network-input.ts";

export interface ImageOptions extends LabelOptions, DivisionOptions {
  readonly preprocessing?: Preprocessing;
  /** Whether photographs without labels are taken; the dataset then has no targets. Default: they are refused. */
  readonly unlabeled?: boolean;
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
        `Nothing says how the photographs in ${folder} become the network's input: give ${o("crop")}, ${o("channels")}, ${o("mean")} and ${o("scale")} (and ${o("resize")}) as it was trained.`,
    );
  }
  checkPreprocessing(preprocessing);
  const listings = listFiles(folder, PHOTOGRAPHS);
  const all = [...listings.values()];
  const labels = options.ignoreLabels ? undefined : labelPhotographs(folder, all, options);
  if (!labels && !unlabeled && !options.ignoreLabels) {
    throw new OptionsError(
      (o) =>
        `${join(folder, all[0].files[0])} has no label: begin the photographs' names with synset ids (n01440764_tench.jpg), put them into a folder for each class, or give a CSV file of labels by ${o("labels")}.`,
    );
  }
  const division = divide(folder, listings, options);
  const { channels, crop } = preprocessing;
  const photographs: Photographs = {
    folder,
    files: all.flatMap(({ files }) => files),
    labels: labels?.of,
    preprocessing,
    cache: new Cache(KEPT),
  };
  return {
    name: basename(resolve(folder)),
    inputs: [{ name: IMAGE, dtype: "float32", shape: [channelCount(channels), ...crop] }],
    targets: labels ? [{ name: LABEL, dtype: "int32", shape: [] }] : [],
    classes: labels?.classes,
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
}

function splitOf(photographs: Photographs, members: Uint32Array): Split {
  const { folder, files, labels, preprocessing, cache } = photographs;
  const pixelsOf = async (number: number): Promise<Uint8Array> => {
    const kept = cache.get(number);
    if (kept) return kept;
    const pixels = await decode(join(folder, files[number]), preprocessing);
    cache.set(number, pixels);
    return pixels;
  };
  const [rows, columns] = preprocessing.crop;
  const size = channelCount(preprocessing.channels) * rows * columns;
  return {
    size: members.length,
    async read(indices, { [IMAGE]: images, [LABEL]: classes }) {
      if (classes && labels) for (let i = 0; i < indices.length; i++) classes[i] = labels[members[indices[i]]];
      if (!(images instanceof Float32Array)) return;
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
