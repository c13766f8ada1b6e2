import { chain, residual, scope } from "../onnx/build/branches.ts";
import { clip, conv2d, dense, dropout, globalAveragePool, type LayerBuilder } from "../onnx/build/layers.ts";
import { batchNorm } from "../onnx/build/normalization.ts";
import type { Model } from "../onnx/graph.ts";
import { build, type NetworkOptions } from "./network.ts";

const published = { name: "mobilenet-v2", classes: 1000, input: [3, 224, 224] };

/** Expansion, maps, blocks and stride of each stage (table 2). */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** MobileNetV2 (Sandler et al., arXiv 1801.04381): 3,504,872 parameters. */
export function mobilenetV2(options: NetworkOptions): Model {
  return build(published, options, ({ classes, scale }) => {
    const conv = (name: string, maps: number, kernel: number, { stride = 1, groups = 1 } = {}): LayerBuilder =>
      chain(
        conv2d(maps, kernel, { stride, groups, pad: (kernel - 1) / 2, bias: false, name }),
        batchNorm({ name: `${name}.norm` }),
      );
    const relu6 = () => clip(0, 6);
    /** Wider by 1x1, channel by channel 3x3, narrow again without an activation (section 3.3). */
    const block = (inputs: number, maps: number, expansion: number, stride: number): LayerBuilder => {
      const wide = inputs * expansion;
      const body = chain(
        ...(expansion === 1 ? [] : [conv("expand", wide, 1), relu6()]),
        chain(conv("depthwise", wide, 3, { stride, groups: wide }), relu6()),
        conv("project", maps, 1),
      );
      return stride === 1 && inputs === maps ? residual(body) : body;
    };
    const blocks: LayerBuilder[] = [];
    let inputs = scale(32);
    for (const [expansion, published, count, stride] of STAGES) {
      const maps = scale(published);
      for (let i = 0; i < count; i++) {
        blocks.push(scope(`block${blocks.length + 1}`, block(inputs, maps, expansion, i === 0 ? stride : 1)));
        inputs = maps;
      }
    }
    return [
      chain(conv("conv1", scale(32), 3, { stride: 2 }), relu6()),
      ...blocks,
      chain(conv("conv2", scale(1280), 1), relu6(), globalAveragePool(), dropout(0.2)),
      dense(classes, { name: "fc" }),
    ];
  });
}
