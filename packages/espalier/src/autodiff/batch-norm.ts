import { attribute, float, int } from "../onnx/attributes.ts";
import { float32, sizeOf } from "../onnx/tensor.ts";
import type { GradientRule, RuleContext } from "./rule.ts";

const EPSILON = 1e-5;
const MOMENTUM = 0.9;

/**
 * y = scale (x - mean) / sqrt(variance + epsilon) + bias, channel by channel (Ioffe and Szegedy, arXiv 1502.03167).
 * In the inference form mean and variance are constants, the running statistics; in the training form they are the
 * batch's, the biased variance. No gradient flows through running statistics.
 */
export const batchNormalization: GradientRule = (context) => {
  const { node, gradients } = context;
  if (gradients[0] === undefined) return [];
  return attribute(node, "int", "training_mode", 0) === 1 ? byBatch(context) : byRunning(context);
};

/** dx = g scale / sqrt(variance + epsilon). */
function byRunning(context: RuleContext): (string | undefined)[] {
  const { math, inputs, gradient, wants } = context;
  const [x, scale, , mean, variance] = inputs;
  const slope = math.mul(scale, inverseDeviation(context, variance));
  const standardized = () => normalize(context, [x, filled(context, 1), filled(context, 0), mean, variance]);
  return [
    wants(0) ? math.mul(gradient, alongChannels(context, slope)) : undefined,
    wants(1) ? overChannels(context, "ReduceSum", math.mul(gradient, standardized())) : undefined,
    wants(2) ? overChannels(context, "ReduceSum", gradient) : undefined,
  ];
}

/**
 * dx = slope (g - d(bias) / m - z d(scale) / m), with z the normalized x, slope = scale / sqrt(variance + epsilon),
 * over the m elements of a channel. All but slope g is itself a normalization of x - mean: one pass for the runtime.
 */
function byBatch(context: RuleContext): (string | undefined)[] {
  const { math, inputs, gradient, wants, shape } = context;
  const { centred, variance } = normalizeByBatch(context);
  const inverse = inverseDeviation(context, variance);
  const bias = overChannels(context, "ReduceSum", gradient);
  const scale = math.mul(inverse, overChannels(context, "ReduceSum", math.mul(gradient, centred)));
  const inputGradient = () => {
    const dims = shape(inputs[0]);
    const slope = math.mul(inputs[1], inverse);
    const share = math.mul(slope, -dims[1] / sizeOf(dims));
    const zero = filled(context, 0);
    const rest = normalize(context, [centred, math.mul(share, scale), math.mul(share, bias), zero, variance]);
    return math.add(math.mul(gradient, alongChannels(context, slope)), rest);
  };
  return [wants(0) ? inputGradient() : undefined, scale, bias];
}

/**
 * Replaces the node by its parts, so that the gradient shares them. (And the runtime's own kernel writes the batch's
 * statistics into the memory of the running ones, whoever else reads them.)
 */
function normalizeByBatch(context: RuleContext): { centred: string; variance: string } {
  const { graph, math, node, inputs, outputs } = context;
  const [x, scale, bias, ...running] = inputs;
  const momentum = attribute(node, "float", "momentum", MOMENTUM);
  return graph.replace(node, () => {
    const mean = overChannels(context, "ReduceMean", x);
    const centred = math.sub(x, alongChannels(context, mean));
    const variance = overChannels(context, "ReduceMean", math.mul(centred, centred));
    normalize(context, [centred, scale, bias, filled(context, 0), variance], outputs[0]);
    for (const [i, ofBatch] of [mean, variance].entries()) {
      const parts = [math.mul(running[i], momentum), math.mul(ofBatch, 1 - momentum)];
      if (outputs[i + 1]) graph.emit("Add", parts, {}, outputs[i + 1]);
    }
    return { centred, variance };
  });
}

/** The inference form of the node: (x, scale, bias, mean, variance). */
function normalize({ graph, node }: RuleContext, inputs: readonly string[], output?: string): string {
  const epsilon = float(attribute(node, "float", "epsilon", EPSILON));
  return graph.emit("BatchNormalization", inputs, { epsilon }, output);
}

function inverseDeviation({ math, node }: RuleContext, variance: string): string {
  return math.reciprocal(math.sqrt(math.add(variance, attribute(node, "float", "epsilon", EPSILON))));
}

/** A constant with the same number for each channel. */
function filled({ graph, inputs, shape, dtype }: RuleContext, value: number): string {
  const [, channels] = shape(inputs[0]);
  return graph.constant(
    dtype === "float64"
      ? { dtype, dims: [channels], data: new Float64Array(channels).fill(value) }
      : float32([channels], new Float32Array(channels).fill(value)),
  );
}

/** [channels] in a shape that stretches to [batch, channels, ...]. */
function alongChannels({ graph, inputs, shape }: RuleContext, value: string): string {
  const [, channels, ...places] = shape(inputs[0]);
  return graph.emit("Reshape", [value, graph.ints([channels, ...places.map(() => 1)])]);
}

/** Reduces [batch, channels, ...] to [channels]. */
function overChannels({ graph, inputs, shape }: RuleContext, op: string, value: string): string {
  const others = shape(inputs[0]).flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  return graph.emit(op, [value, graph.ints(others)], { keepdims: int(0) });
}
