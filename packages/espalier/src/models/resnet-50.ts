import { chain, residual, scope } from "../onnx/build/branches.ts";
import { conv2d, dense, globalAveragePool, type LayerBuilder, maxPool, relu } from "../onnx/build/layers.ts";
import { batchNorm } from "../onnx/build/normalization.ts";
import type { Model } from "../onnx/graph.ts";
import { build, type NetworkOptions } from "./network.ts";

const published = { name: "resnet-50", classes: 1000, input: [3, 224, 224] };

/** Blocks of each stage. */
const STAGES = [3, 4, 6, 3];

/**
 * ResNet-50 (He et al., arXiv 1512.03385, table 1), the stride in the 3x3 convolution as later trained everywhere
 * ("v1.5"): 25,557,032 parameters with the scale and shift of each normalization.
 */
export function resnet50(options: NetworkOptions): Model {
  return build(published, options, ({ classes, scale }) => {
    const conv = (name: string, maps: number, kernel: number, stride = 1): LayerBuilder =>
      chain(
        conv2d(scale(maps), kernel, { stride, pad: (kernel - 1) / 2, bias: false, name }),
        batchNorm({ name: `${name}.norm` }),
      );
    /** 1x1 down, 3x3, 1x1 up (figure 5); the first of a stage projects its shortcut. */
    const block = (maps: number, stride: number, first: boolean): LayerBuilder =>
      chain(
        residual(
          chain(conv("conv1", maps, 1), relu(), conv("conv2", maps, 3, stride), relu(), conv("conv3", 4 * maps, 1)),
          first ? conv("shortcut", 4 * maps, 1, stride) : undefined,
        ),
        relu(),
      );
    const stages = STAGES.map((count, stage) => {
      const blocks = Array.from({ length: count }, (_, i) =>
        scope(`layer${stage + 1}.${i}`, block(64 * 2 ** stage, i === 0 && stage > 0 ? 2 : 1, i === 0)),
      );
      return chain(...blocks);
    });
    return [
      chain(conv("conv1", 64, 7, 2), relu(), maxPool(3, { stride: 2, pad: 1 })),
      ...stages,
      chain(globalAveragePool(), dense(classes, { name: "fc" })),
    ];
  });
}
