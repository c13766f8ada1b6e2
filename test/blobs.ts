import type { Dataset, Split } from "../src/data/dataset.ts";
import type { Model } from "../src/onnx/graph.ts";
import { dense, dropout, flatten, relu } from "../src/onnx/layers.ts";
import { sequential } from "../src/onnx/sequential.ts";
import { random } from "../src/random.ts";

/** A small task that a small network learns in a second: four noisy patterns of 4 x 4. */
export function blobs(sizes = { train: 400, validation: 100, test: 100 }): Dataset {
  const patterns = Array.from({ length: 4 }, (_, k) => {
    const { normal } = random(k, "pattern");
    return Float32Array.from({ length: 16 }, normal);
  });
  const split = (name: string, size: number): Split => ({
    size,
    read(indices, inputs, labels) {
      for (let i = 0; i < indices.length; i++) {
        const { normal } = random(indices[i], "blobs", name);
        const label = indices[i] % 4;
        labels[i] = label;
        for (let j = 0; j < 16; j++) inputs[i * 16 + j] = patterns[label][j] + 0.8 * normal();
      }
    },
  });
  return {
    name: "blobs",
    sampleShape: [1, 4, 4],
    classes: 4,
    train: split("train", sizes.train),
    validation: split("validation", sizes.validation),
    test: split("test", sizes.test),
  };
}

/** A network for it: 16-12-4, with dropout where a ratio is given. */
export function blobNet(seed = 1, ratio = 0): Model {
  const middle = ratio > 0 ? [dropout(ratio)] : [];
  return sequential([flatten(), dense(12), relu(), ...middle, dense(4)], { name: "blob-net", input: [1, 4, 4], seed });
}
