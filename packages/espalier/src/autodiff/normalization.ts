import { attribute, int } from "../onnx/attributes.ts";
import { codeOf } from "../onnx/dtype.ts";
import { sizeOf } from "../onnx/tensor.ts";
import { batchNormalization } from "./batch-norm.ts";
import { unbroadcast } from "./elementwise.ts";
import { localResponse } from "./local-response.ts";
import type { GradientRule, RuleContext } from "./rule.ts";

const EPSILON = 1e-5;

function meanOver({ graph }: RuleContext, value: string, axes: readonly number[]): string {
  return graph.emit("ReduceMean", [value, graph.ints(axes)], { keepdims: int(1) });
}

/** A value that was standardized over some axes: z = (x - mean) inverse, with inverse = 1 / sqrt(variance + epsilon). */
interface Standardized {
  readonly z: string;
  readonly inverse: string;
  readonly axes: readonly number[];
}

function standardize(context: RuleContext, x: string, axes: readonly number[], epsilon: number): Standardized {
  const { math } = context;
  const centred = math.sub(x, meanOver(context, x, axes));
  const variance = meanOver(context, math.mul(centred, centred), axes);
  const inverse = math.reciprocal(math.sqrt(math.add(variance, epsilon)));
  return { z: math.mul(centred, inverse), inverse, axes };
}

/** dx = inverse (g - mean(g) - z mean(g z)), with g the gradient of z. */
function back(context: RuleContext, { z, inverse, axes }: Standardized, g: string): string {
  const { math } = context;
  const along = math.mul(z, meanOver(context, math.mul(g, z), axes));
  return math.mul(inverse, math.sub(math.sub(g, meanOver(context, g, axes)), along));
}

/** The axes from the node's axis to the last. */
function lastAxes({ node, inputs, shape }: RuleContext): number[] {
  const rank = shape(inputs[0]).length;
  const axis = (attribute(node, "int", "axis", -1) + rank) % rank;
  return Array.from({ length: rank - axis }, (_, i) => axis + i);
}

/** Over the last axes (Ba et al., arXiv 1607.06450), with the mean and inverse deviation that the node computes. */
const layerNormalization: GradientRule = (context) => {
  const { graph, math, node, inputs, gradient, wants, dtype } = context;
  const [x, scale, bias] = inputs;
  const statistic = (output: number) => {
    const found = graph.exposeOutput(node, output);
    return dtype === "float32" ? found : graph.emit("Cast", [found], { to: int(codeOf(dtype)) });
  };
  const [mean, inverse] = [statistic(1), statistic(2)];
  const z = math.mul(math.sub(x, mean), inverse);
  const standardized = { z, inverse, axes: lastAxes(context) };
  return [
    wants(0) ? back(context, standardized, math.mul(gradient, scale)) : undefined,
    wants(1) ? unbroadcast(context, math.mul(gradient, z), scale) : undefined,
    bias && wants(2) ? unbroadcast(context, gradient, bias) : undefined,
  ];
};

/** y = scale x / sqrt(mean(x^2) + epsilon) over the last axes (Zhang and Sennrich, arXiv 1910.07467). */
const rmsNormalization: GradientRule = (context) => {
  const { math, node, inputs, gradient, wants } = context;
  const [x, scale] = inputs;
  const axes = lastAxes(context);
  const square = math.add(meanOver(context, math.mul(x, x), axes), attribute(node, "float", "epsilon", EPSILON));
  const inverse = math.reciprocal(math.sqrt(square));
  const z = math.mul(x, inverse);
  const g = math.mul(gradient, scale);
  const along = math.mul(z, meanOver(context, math.mul(g, z), axes));
  return [
    wants(0) ? math.mul(inverse, math.sub(g, along)) : undefined,
    wants(1) ? unbroadcast(context, math.mul(gradient, z), scale) : undefined,
  ];
};

/**
 * Over each group of channels of a sample (Wu and He, arXiv 1803.08494): seen as [batch, groups, channels, places].
 * Scale and bias have an entry for each channel, in operator set 18 for each group.
 */
function byGroups(groupsOf: (context: RuleContext, channels: number) => number): GradientRule {
  return (context) => {
    const { graph, math, node, inputs, gradient, shape, wants } = context;
    const dims = shape(inputs[0]);
    const [batch, channels] = dims;
    const groups = groupsOf(context, channels);
    const as = (value: string, to: readonly number[]) => graph.emit("Reshape", [value, graph.ints(to)]);
    const grouped = [batch, groups, channels / groups, sizeOf(dims.slice(2))];
    const epsilon = attribute(node, "float", "epsilon", EPSILON);
    const standardized = standardize(context, as(inputs[0], grouped), [2, 3], epsilon);
    const g = as(gradient, grouped);
    const [entries] = shape(inputs[1]);
    const scale = as(inputs[1], [groups, entries / groups, 1]);
    const others = entries === channels ? [0, 3] : [0, 2, 3];
    const summed = (value: string) =>
      as(graph.emit("ReduceSum", [value, graph.ints(others)], { keepdims: int(0) }), [entries]);
    return [
      wants(0) ? as(back(context, standardized, math.mul(g, scale)), dims) : undefined,
      wants(1) ? summed(math.mul(g, standardized.z)) : undefined,
      wants(2) ? summed(g) : undefined,
    ];
  };
}

/** Without scale and bias, over the axes that the node names. */
const meanVarianceNormalization: GradientRule = (context) => {
  const { node, inputs, gradient, shape } = context;
  const rank = shape(inputs[0]).length;
  const axes = attribute(node, "ints", "axes", [0, 2, 3]).map((axis) => (axis + rank) % rank);
  return [back(context, standardize(context, inputs[0], axes, 0), gradient)];
};

/** y = x / ||x|| along an axis: dx = (g - n sum(g y)) / ||x||, with n = y for the norm 2, sign(x) for the norm 1. */
const lpNormalization: GradientRule = (context) => {
  const { graph, math, node, inputs, outputs, gradient } = context;
  const [x] = inputs;
  const p = attribute(node, "int", "p", 2);
  const over = (op: string, value: string) =>
    graph.emit(op, [value, graph.ints([attribute(node, "int", "axis", -1)])], { keepdims: int(1) });
  const norm = over(p === 1 ? "ReduceL1" : "ReduceL2", x);
  const along = over("ReduceSum", math.mul(gradient, outputs[0]));
  const normal = p === 1 ? math.sign(x) : outputs[0];
  return [math.div(math.sub(gradient, math.mul(normal, along)), math.where(math.equal(norm, 0), 1, norm))];
};

/** Normalizations. */
export const normalizationRules: Readonly<Record<string, GradientRule>> = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  RMSNormalization: rmsNormalization,
  GroupNormalization: byGroups(({ node }) => attribute(node, "int", "num_groups", 1)),
  // Over each channel of a sample.
  InstanceNormalization: byGroups((_, channels) => channels),
  MeanVarianceNormalization: meanVarianceNormalization,
  LpNormalization: lpNormalization,
  LRN: localResponse,
};
