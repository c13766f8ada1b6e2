import { chain, residual, scope } from "../onnx/build/branches.ts";
import { conv2d, dense, globalAveragePool, type LayerBuilder, relu } from "../onnx/build/layers.ts";
import { batchNorm } from "../onnx/build/normalization.ts";
import type { Model } from "../onnx/graph.ts";
import { build, type NetworkOptions } from "./network.ts";

const published = { name: "resnet-20", classes: 10, input: [3, 32, 32] };

const STAGES = 3;
const BLOCKS = 3;

/**
 * ResNet-20 for CIFAR (He et al., arXiv 1512.03385, section 4.2), shortcuts projected where the size changes
 * (option B): 272,474 parameters.
 */
export function resnet20(options: NetworkOptions): Model {
  return build(published, options, ({ classes, scale }) => {
    const conv = (name: string, maps: number, kernel = 3, stride = 1): LayerBuilder =>
      chain(
        conv2d(scale(maps), kernel, { stride, pad: (kernel - 1) / 2, bias: false, name }),
        batchNorm({ name: `${name}.norm` }),
      );
    const block = (maps: number, stride: number): LayerBuilder =>
      chain(
        residual(
          chain(conv("conv1", maps, 3, stride), relu(), conv("conv2", maps)),
          stride === 1 ? undefined : conv("shortcut", maps, 1, stride),
        ),
        relu(),
      );
    const blocks = Array.from({ length: STAGES * BLOCKS }, (_, i) => {
      const stage = Math.floor(i / BLOCKS);
      return scope(`layer${stage + 1}.${i % BLOCKS}`, block(16 * 2 ** stage, stage > 0 && i % BLOCKS === 0 ? 2 : 1));
    });
    return [conv("conv1", 16), relu(), ...blocks, globalAveragePool(), dense(classes, { name: "fc" })];
  });
}
