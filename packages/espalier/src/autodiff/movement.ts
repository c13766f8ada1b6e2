import { attribute, int, ints } from "../onnx/attributes.ts";
import { unbroadcast } from "./elementwise.ts";
import type { GradientRule } from "./rule.ts";
import { zeros } from "./zeros.ts";

/** The elements stay in their order: the gradient takes the input's shape. */
const sameOrder: GradientRule = ({ graph, inputs, gradient, shape }) => [
  graph.emit("Reshape", [gradient, graph.ints(shape(inputs[0]))]),
];

/** The inverse permutation. */
const transpose: GradientRule = ({ graph, node, inputs, gradient, shape }) => {
  const rank = shape(inputs[0]).length;
  const reversed = Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  const perm = attribute(node, "ints", "perm", reversed);
  return [graph.emit("Transpose", [gradient], { perm: ints(perm.map((_, axis) => perm.indexOf(axis))) })];
};

/** Each input receives its part of the gradient. */
const concat: GradientRule = ({ graph, node, inputs, outputs, gradient, shape, wants }) => {
  const rank = shape(outputs[0]).length;
  const axis = (attribute(node, "int", "axis", 0) + rank) % rank;
  let start = 0;
  return inputs.map((input, i) => {
    const end = start + shape(input)[axis];
    const part = wants(i)
      ? graph.emit("Slice", [gradient, graph.ints([start]), graph.ints([end]), graph.ints([axis])])
      : undefined;
    start = end;
    return part;
  });
};

/** The parts of the gradient, zeros for a part that the loss does not depend on. */
const split: GradientRule = (context) => {
  const { graph, node, outputs, gradients, shape } = context;
  const parts = outputs.map((output, i) => gradients[i] ?? zeros(context, shape(output)));
  return [graph.emit("Concat", parts, { axis: int(attribute(node, "int", "axis", 0)) })];
};

/** The gradient is summed over the stretched axes. */
const expand: GradientRule = (context) => [unbroadcast(context, context.gradient, context.inputs[0])];

/** The copies' gradients are summed: [repeats, size] by axis. */
const tile: GradientRule = ({ graph, inputs, outputs, gradient, shape }) => {
  const dims = shape(inputs[0]);
  const copies = shape(outputs[0]).map((size, axis) => size / dims[axis]);
  const apart = graph.emit("Reshape", [gradient, graph.ints(dims.flatMap((dim, axis) => [copies[axis], dim]))]);
  const axes = graph.ints(dims.map((_, axis) => 2 * axis));
  return [dims.length === 0 ? gradient : graph.emit("ReduceSum", [apart, axes], { keepdims: int(0) })];
};

/** [N, C, H, W] of blocks b: the inverse permutation of DepthToSpace's, in its order DCR or CRD. */
const depthToSpace: GradientRule = ({ graph, node, inputs, gradient, shape }) => {
  const blocksize = attribute(node, "int", "blocksize", 1);
  if (attribute(node, "string", "mode", "DCR") === "DCR") {
    return [graph.emit("SpaceToDepth", [gradient], { blocksize: int(blocksize) })];
  }
  const [batch, channels, height, width] = shape(inputs[0]);
  const blocks = [batch, channels / blocksize ** 2, height, blocksize, width, blocksize];
  const apart = graph.emit("Reshape", [gradient, graph.ints(blocks)]);
  const moved = graph.emit("Transpose", [apart], { perm: ints([0, 1, 3, 5, 2, 4]) });
  return [graph.emit("Reshape", [moved, graph.ints([batch, channels, height, width])])];
};

const spaceToDepth: GradientRule = ({ graph, node, gradient }) => [
  graph.emit("DepthToSpace", [gradient], { blocksize: int(attribute(node, "int", "blocksize", 1)) }),
];

/** What the operator keeps of its input, or the order that it brings it into, and then back. */
const again: GradientRule = ({ graph, node, inputs, gradient }) => [
  graph.emit(node.op, [gradient, ...inputs.slice(1)], node.attributes),
];

/** Operators that move elements and leave their values alone. */
export const movementRules: Readonly<Record<string, GradientRule>> = {
  Reshape: sameOrder,
  Flatten: sameOrder,
  Squeeze: sameOrder,
  Unsqueeze: sameOrder,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Expand: expand,
  Tile: tile,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  ReverseSequence: again,
  Trilu: again,
};
