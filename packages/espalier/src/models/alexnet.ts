import { chain } from "../onnx/build/branches.ts";
import { conv2d, dense, dropout, flatten, maxPool, relu } from "../onnx/build/layers.ts";
import { localResponseNorm } from "../onnx/build/normalization.ts";
import type { Model } from "../onnx/graph.ts";
import { build, type NetworkOptions } from "./network.ts";

const published = { name: "alexnet", classes: 1000, input: [3, 227, 227] };

/**
 * AlexNet as Caffe has it (models/bvlc_alexnet; Krizhevsky et al., NIPS 2012): the two halves of the original are
 * groups; 60,965,224 parameters.
 */
export function alexnet(options: NetworkOptions): Model {
  return build(published, options, ({ classes, scale }) => {
    const normAndPool = chain(localResponseNorm(), maxPool(3, { stride: 2 }));
    return [
      chain(conv2d(scale(96, 2), 11, { stride: 4 }), relu(), normAndPool),
      chain(conv2d(scale(256, 2), 5, { pad: 2, groups: 2 }), relu(), normAndPool),
      chain(conv2d(scale(384, 2), 3, { pad: 1 }), relu()),
      chain(conv2d(scale(384, 2), 3, { pad: 1, groups: 2 }), relu()),
      chain(conv2d(scale(256, 2), 3, { pad: 1, groups: 2 }), relu(), maxPool(3, { stride: 2 })),
      flatten(),
      chain(dense(scale(4096), { name: "fc6" }), relu(), dropout(0.5)),
      chain(dense(scale(4096), { name: "fc7" }), relu(), dropout(0.5)),
      dense(classes, { name: "fc8" }),
    ];
  });
}
