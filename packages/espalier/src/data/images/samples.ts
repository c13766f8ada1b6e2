import { sizeOf } from "../../onnx/tensor.ts";
import type { Dataset, Split } from "../dataset.ts";
import type { Division } from "../division.ts";
import { isAsDecoded, type Preprocessing, sampleShape } from "../preprocessing.ts";
import { writeInput } from "./network-input.ts";

/** The pixels of photographs by their numbers: [height, width, 3] of what is cropped, red first. */
export interface Pixels {
  /** Decodes one. */
  of(number: number): Promise<Uint8Array>;
  /** Begins with those that are asked for next. */
  prepare(numbers: readonly number[]): void;
}

/** Photographs, and what is known of them. */
export interface Photographs {
  /** Decodes them. */
  readonly pixels: Pixels;
  /** How pixels become the network's input. */
  readonly preprocessing: Preprocessing;
  /** The class of each, where that is known. */
  readonly labels?: { readonly classes: number; readonly of: Int32Array };
  /** Whether nobody said the labels, but files are called as if by classes. */
  readonly inferred: boolean;
}

/** The names of a sample's tensors. */
const IMAGE = "image";
const LABEL = "label";

/** Photographs that are decoded at the same time. */
const AT_ONCE = 4;

/** Photographs as a dataset whose samples are decoded when they are read. */
export function pictured(name: string, photographs: Photographs, division: Division): Dataset {
  const { labels, inferred, preprocessing } = photographs;
  return {
    name,
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

function splitOf({ labels, preprocessing, pixels }: Photographs, members: Uint32Array): Split {
  const size = sizeOf(sampleShape(preprocessing));
  return {
    size: members.length,
    prepare: (indices) => pixels.prepare(Array.from(indices, (index) => members[index])),
    async read(indices, { [IMAGE]: images, [LABEL]: classes }) {
      if (classes && labels) for (let i = 0; i < indices.length; i++) classes[i] = labels.of[members[indices[i]]];
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
