import { gelu, positions, selfAttention, tokenDense, tokenMean, tokens } from "../onnx/build/attention.ts";
import { chain, residual, scope } from "../onnx/build/branches.ts";
import { glorot } from "../onnx/build/initializers.ts";
import { conv2d, dense, type LayerBuilder } from "../onnx/build/layers.ts";
import { layerNorm } from "../onnx/build/normalization.ts";
import type { Model } from "../onnx/graph.ts";
import { build, type NetworkOptions } from "./network.ts";

const published = { name: "vit", classes: 10, input: [3, 32, 32], initializer: glorot };

const PATCH = 4;
const DEPTH = 6;
const HEADS = 3;

/**
 * A small vision transformer (Dosovitskiy et al., arXiv 2010.11929) for images such as CIFAR's: patches of 4x4, six
 * blocks of width 192 with three heads, the mean of all tokens classified; 2,693,194 parameters.
 */
export function vit(options: NetworkOptions): Model {
  return build(published, options, ({ classes, scale }) => {
    const width = scale(64) * HEADS;
    const block = (name: string): LayerBuilder =>
      scope(
        name,
        residual(chain(layerNorm({ name: "norm1" }), selfAttention(HEADS, { name: "attention" }))),
        residual(chain(layerNorm({ name: "norm2" }), tokenDense(4 * width), gelu(), tokenDense(width))),
      );
    return [
      chain(conv2d(width, PATCH, { stride: PATCH, name: "patches" }), tokens(), positions()),
      ...Array.from({ length: DEPTH }, (_, i) => block(`block${i + 1}`)),
      chain(layerNorm({ name: "norm" }), tokenMean(), dense(classes, { name: "fc" })),
    ];
  });
}
