import { chain, concat, scope } from "../onnx/build/branches.ts";
import { conv2d, dense, dropout, globalAveragePool, type LayerBuilder, maxPool, relu } from "../onnx/build/layers.ts";
import { localResponseNorm } from "../onnx/build/normalization.ts";
import type { Model } from "../onnx/graph.ts";
import { build, type NetworkOptions } from "./network.ts";

const published = { name: "googlenet", classes: 1000, input: [3, 224, 224] };

/** Maps of each inception module (table 1): 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection. */
const MODULES = {
  "3a": [64, 96, 128, 16, 32, 32],
  "3b": [128, 128, 192, 32, 96, 64],
  "4a": [192, 96, 208, 16, 48, 64],
  "4b": [160, 112, 224, 24, 64, 64],
  "4c": [128, 128, 256, 24, 64, 64],
  "4d": [112, 144, 288, 32, 64, 64],
  "4e": [256, 160, 320, 32, 128, 128],
  "5a": [256, 160, 320, 32, 128, 128],
  "5b": [384, 192, 384, 48, 128, 128],
} as const;

/**
 * GoogLeNet (Szegedy et al., arXiv 1409.4842, table 1; Caffe's models/bvlc_googlenet) without the auxiliary
 * classifiers, which are for training alone: 6,998,552 parameters.
 */
export function googlenet(options: NetworkOptions): Model {
  return build(published, options, ({ classes, scale }) => {
    const conv = (name: string, maps: number, kernel: number, stride = 1): LayerBuilder =>
      chain(conv2d(scale(maps), kernel, { stride, pad: (kernel - 1) / 2, name }), relu());
    const pool = maxPool(3, { stride: 2, ceil: true });
    const inception = (module: keyof typeof MODULES): LayerBuilder => {
      const [one, reduce3, three, reduce5, five, projected] = MODULES[module];
      return scope(
        `inception_${module}`,
        concat(
          conv("1x1", one, 1),
          chain(conv("3x3_reduce", reduce3, 1), conv("3x3", three, 3)),
          chain(conv("5x5_reduce", reduce5, 1), conv("5x5", five, 5)),
          chain(maxPool(3, { stride: 1, pad: 1 }), conv("pool_proj", projected, 1)),
        ),
      );
    };
    return [
      chain(conv("conv1/7x7_s2", 64, 7, 2), pool, localResponseNorm()),
      chain(conv("conv2/3x3_reduce", 64, 1), conv("conv2/3x3", 192, 3), localResponseNorm(), pool),
      chain(inception("3a"), inception("3b"), pool),
      chain(inception("4a"), inception("4b"), inception("4c"), inception("4d"), inception("4e"), pool),
      chain(inception("5a"), inception("5b")),
      chain(globalAveragePool(), dropout(0.4), dense(classes, { name: "loss3/classifier" })),
    ];
  });
}
