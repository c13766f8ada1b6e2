import { type Attributes, attribute, float, int } from "../onnx/attributes.ts";
import { float32, type NumericTensor } from "../onnx/tensor.ts";
import type { GradientRule, RuleContext } from "./rule.ts";

/**
 * y = scale (x - mean) / sqrt(variance + epsilon) + bias, channel by channel (Ioffe and Szegedy, arXiv 1502.03167).
 *
 * In the inference form mean and variance are constants, the running statistics. In the training form they are the
 * batch's, the biased variance, and depend on x. No gradient flows to or through running statistics.
 */
export const batchNormalization: GradientRule = (context) => {
  const { math, node, inputs, gradient, gradients, wants } = context;
  if (gradients[0] === undefined) return [];
  const training = attribute(node, "int", "training_mode", 0) === 1;
  const epsilon = attribute(node, "float", "epsilon", 1e-5);
  const [mean, variance] = training ? batchStatistics(context) : inputs.slice(3);
  const inverse = math.reciprocal(math.sqrt(math.add(variance, epsilon)));
  const slope = math.mul(inputs[1], inverse);
  // d(loss)/d(bias) and d(loss)/d(scale).
  const forBias = () => sumByChannel(context, gradient);
  const forScale = () => sumByChannel(context, math.mul(gradient, standardized(context, mean, variance)));
  if (!training) {
    return [
      wants(0) ? math.mul(gradient, byChannel(context, slope)) : undefined,
      wants(1) ? forScale() : undefined,
      wants(2) ? forBias() : undefined,
    ];
  }
  const [bias, scale] = [forBias(), forScale()];
  return [wants(0) ? inputGradient(context, { mean, variance, slope, bias, scale }) : undefined, scale, bias];
};

/**
 * dx = slope (g - d(bias) / m - d(scale) / m (x - mean) / sqrt(variance + epsilon)) over the m elements of a channel.
 * All but slope g is itself a normalization of x, which the runtime does in one pass.
 */
function inputGradient(
  context: RuleContext,
  { mean, variance, slope, bias, scale }: Record<"mean" | "variance" | "slope" | "bias" | "scale", string>,
): string {
  const { graph, math, inputs, gradient, shape } = context;
  const dims = shape(inputs[0]);
  const share = math.mul(slope, -dims[1] / dims.reduce((product, dim) => product * dim, 1));
  const terms = [math.mul(share, scale), math.mul(share, bias)];
  const rest = graph.emit("BatchNormalization", [inputs[0], ...terms, mean, variance], inference(context));
  return math.add(math.mul(gradient, byChannel(context, slope)), rest);
}

/** (x - mean) / sqrt(variance + epsilon). */
function standardized(context: RuleContext, mean: string, variance: string): string {
  const { graph, inputs, shape } = context;
  const [, channels] = shape(inputs[0]);
  const [one, zero] = [1, 0].map((value) => graph.constant(filled(context, channels, value)));
  return graph.emit("BatchNormalization", [inputs[0], one, zero, mean, variance], inference(context));
}

/**
 * The mean and the variance of the batch. A node with the momentum 0 gives them as they are; of another, whose
 * outputs are mixed with the running statistics, they are computed again.
 */
function batchStatistics({ graph, node, inputs, outputs }: RuleContext): string[] {
  if (attribute(node, "float", "momentum", 0.9) === 0) return outputs.slice(1, 3);
  const attributes: Attributes = { ...node.attributes, momentum: float(0) };
  return graph.emitMany("BatchNormalization", inputs, attributes, 3).slice(1);
}

const inference = ({ node }: RuleContext): Attributes => ({
  epsilon: float(attribute(node, "float", "epsilon", 1e-5)),
  training_mode: int(0),
});

function filled({ dtype }: RuleContext, count: number, value: number): NumericTensor {
  return dtype === "float64"
    ? { dtype, dims: [count], data: new Float64Array(count).fill(value) }
    : float32([count], new Float32Array(count).fill(value));
}

/** [channels] in a shape that stretches to [batch, channels, ...]. */
function byChannel({ graph, inputs, shape }: RuleContext, value: string): string {
  const [, channels, ...places] = shape(inputs[0]);
  return graph.emit("Reshape", [value, graph.ints([channels, ...places.map(() => 1)])]);
}

function sumByChannel({ graph, inputs, shape }: RuleContext, value: string): string {
  const others = shape(inputs[0]).flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  return graph.emit("ReduceSum", [value, graph.ints(others)], { keepdims: int(0) });
}
