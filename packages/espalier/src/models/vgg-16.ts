import { chain } from "../onnx/build/branches.ts";
import { conv2d, dense, dropout, flatten, maxPool, relu } from "../onnx/build/layers.ts";
import type { Model } from "../onnx/graph.ts";
import { build, type NetworkOptions } from "./network.ts";

const published = { name: "vgg-16", classes: 1000, input: [3, 224, 224] };

/** Convolutions of each stage, and their maps. */
const STAGES = [
  [2, 64],
  [2, 128],
  [3, 256],
  [3, 512],
  [3, 512],
] as const;

/** VGG-16 (Simonyan and Zisserman, arXiv 1409.1556, configuration D): 138,357,544 parameters. */
export function vgg16(options: NetworkOptions): Model {
  return build(published, options, ({ classes, scale }) => {
    const stages = STAGES.map(([count, maps], stage) => {
      const convolutions = Array.from({ length: count }, (_, i) =>
        chain(conv2d(scale(maps), 3, { pad: 1, name: `conv${stage + 1}_${i + 1}` }), relu()),
      );
      return chain(...convolutions, maxPool(2));
    });
    return [
      ...stages,
      flatten(),
      chain(dense(scale(4096), { name: "fc6" }), relu(), dropout(0.5)),
      chain(dense(scale(4096), { name: "fc7" }), relu(), dropout(0.5)),
      dense(classes, { name: "fc8" }),
    ];
  });
}
