import { chain, concat, scope } from "../onnx/build/branches.ts";
import { conv2d, dropout, globalAveragePool, type LayerBuilder, maxPool, relu } from "../onnx/build/layers.ts";
import type { Model } from "../onnx/graph.ts";
import { build, type NetworkOptions } from "./network.ts";

const published = { name: "squeezenet", classes: 1000, input: [3, 227, 227] };

/** SqueezeNet v1.0 (Iandola et al., arXiv 1602.07360, table 1): 1,248,424 parameters. */
export function squeezenet(options: NetworkOptions): Model {
  return build(published, options, ({ classes, scale }) => {
    /** Few maps of 1x1, from which as many of 1x1 and of 3x3 are made (section 3.2). */
    const fire = (name: string, squeeze: number, expand: number): LayerBuilder =>
      scope(
        name,
        chain(conv2d(scale(squeeze), 1, { name: "squeeze1x1" }), relu()),
        concat(
          chain(conv2d(scale(expand), 1, { name: "expand1x1" }), relu()),
          chain(conv2d(scale(expand), 3, { pad: 1, name: "expand3x3" }), relu()),
        ),
      );
    const pool = maxPool(3, { stride: 2, ceil: true });
    return [
      chain(conv2d(scale(96), 7, { stride: 2 }), relu(), pool),
      fire("fire2", 16, 64),
      fire("fire3", 16, 64),
      chain(fire("fire4", 32, 128), pool),
      fire("fire5", 32, 128),
      fire("fire6", 48, 192),
      fire("fire7", 48, 192),
      chain(fire("fire8", 64, 256), pool),
      chain(fire("fire9", 64, 256), dropout(0.5)),
      chain(conv2d(classes, 1, { name: "conv10" }), relu(), globalAveragePool()),
    ];
  });
}
