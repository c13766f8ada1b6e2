import { int, ints, string } from "../../../src/onnx/attributes.ts";
import type { Model } from "../../../src/onnx/graph.ts";
import { float32 } from "../../../src/onnx/tensor.ts";
import { Net } from "../../operators/net.ts";

/** Numbers of one axis that all blocks leave as it was. */
const WIDTH = 8;
type Block = (net: Net, value: string) => string;

/** Blocks on pictures [batch, WIDTH, 5, 5]. */
const onPictures: Readonly<Record<string, Block>> = {
  residual: (net, value) =>
    net.emit("Add", [value, conv(net, net.emit("Relu", [conv(net, value, WIDTH, 6)]), 6, WIDTH)]),
  concat: (net, value) => {
    const other = net.emit("Sigmoid", [conv(net, value, WIDTH, 5)]);
    return net.emit("Concat", [conv(net, value, WIDTH, 3), other], { axis: int(1) });
  },
  split: (net, value) => {
    const both = conv(net, value, WIDTH, 2 * WIDTH);
    const [a, b] = net.graph.emitMany("Split", [both, net.graph.ints([WIDTH, WIDTH])], { axis: int(1) }, 2);
    return net.emit("Mul", [a, net.emit("Sigmoid", [b])]);
  },
  depthwise: (net, value) => {
    const wide = net.emit("Relu", [conv(net, value, WIDTH, 12)]);
    return conv(net, net.emit("HardSwish", [conv(net, wide, 12, 12, 12)]), 12, WIDTH);
  },
  grouped: (net, value) => {
    const grouped = conv(net, conv(net, value, WIDTH, 12), 12, 12, 3);
    return conv(net, net.emit("Relu", [grouped]), 12, WIDTH);
  },
  normalized: (net, value) => {
    const variance = net.graph.initializer("variance", float32([10], new Float32Array(10).fill(0.5)));
    const numbers = [0, 1, 2].map(() => net.weights(10));
    const made = net.emit("BatchNormalization", [conv(net, value, WIDTH, 10), ...numbers, variance]);
    return conv(net, net.emit("Relu", [made]), 10, WIDTH);
  },
  "squeeze and excitation": (net, value) => {
    const narrow = net.emit("Relu", [conv(net, net.emit("GlobalAveragePool", [value]), WIDTH, 4)]);
    return net.emit("Mul", [value, net.emit("Sigmoid", [conv(net, narrow, 4, WIDTH)])]);
  },
};

/** A convolution that leaves places as they are. */
function conv(net: Net, value: string, from: number, to: number, groups = 1): string {
  return net.conv(value, from, to, "Conv", { pads: ints([0, 0, 1, 1]), group: int(groups) });
}

/** Blocks on sequences [batch, 4, WIDTH]. */
const onTokens: Readonly<Record<string, Block>> = {
  "a wider layer": (net, value) =>
    net.emit("Add", [value, net.dense(net.emit("Relu", [net.dense(value, WIDTH, 12)]), 12, WIDTH)]),
  attention: (net, value) => {
    const [q, k, v] = [0, 1, 2].map(() =>
      net.emit("Transpose", [net.shaped(net.dense(value, WIDTH, 12), 0, 4, 4, 3)], { perm: ints([0, 2, 1, 3]) }),
    );
    const scores = net.emit("MatMul", [q, net.emit("Transpose", [k], { perm: ints([0, 1, 3, 2]) })]);
    const mixed = net.emit("MatMul", [net.emit("Softmax", [scores], { axis: int(-1) }), v]);
    const joined = net.shaped(net.emit("Transpose", [mixed], { perm: ints([0, 2, 1, 3]) }), 0, 4, 12);
    return net.emit("Add", [value, net.dense(joined, 12, WIDTH)]);
  },
  "one head": (net, value) => {
    const [q, k, v] = [0, 1, 2].map(() => net.dense(value, WIDTH, 6));
    const scores = net.emit("MatMul", [q, net.emit("Transpose", [k], { perm: ints([0, 2, 1]) })]);
    return net.dense(net.emit("MatMul", [net.emit("Softmax", [scores], { axis: int(-1) }), v]), 6, WIDTH);
  },
  LSTM: recurrent("LSTM", 4),
  GRU: recurrent("GRU", 3),
  gate: (net, value) => {
    const both = net.dense(value, WIDTH, 2 * WIDTH);
    const part = (first: number) =>
      net.emit("Slice", [both, net.graph.ints([first]), net.graph.ints([first + WIDTH]), net.graph.ints([2])]);
    return net.emit("Mul", [part(0), net.emit("Sigmoid", [part(WIDTH)])]);
  },
};

function recurrent(op: string, gates: number): Block {
  return (net, value) => {
    const turned = net.emit("Transpose", [value], { perm: ints([1, 0, 2]) });
    const weights = [net.weights(1, gates * 6, WIDTH), net.weights(1, gates * 6, 6), net.weights(1, 2 * gates * 6)];
    const y = net.emit(op, [turned, ...weights], { hidden_size: int(6), direction: string("forward") });
    const steps = net.emit("Transpose", [net.emit("Squeeze", [y, net.graph.ints([1])])], { perm: ints([1, 0, 2]) });
    return net.dense(steps, 6, WIDTH);
  };
}

/** The names of blocks, on pictures and on sequences. */
export const pictureBlocks = Object.keys(onPictures);
export const tokenBlocks = Object.keys(onTokens);

/** A network of such blocks one behind the other, with random weights. */
export function networkOf(blocks: readonly string[], seed: number): Model {
  const net = new Net(seed);
  if (blocks.every((block) => block in onPictures)) {
    let value = net.conv(net.input(["batch", 3, 6, 6]), 3, WIDTH);
    for (const block of blocks) value = onPictures[block](net, value);
    net.model.outputs.push({ name: net.dense(net.emit("Flatten", [value]), WIDTH * 25, 3) });
    return net.model;
  }
  let value = net.dense(net.input(["batch", 4, 5]), 5, WIDTH);
  for (const block of blocks) value = onTokens[block](net, value);
  net.model.outputs.push({ name: net.dense(value, WIDTH, 3) });
  return net.model;
}
