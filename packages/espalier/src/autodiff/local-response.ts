import { attribute, int, ints } from "../onnx/attributes.ts";
import { sizeOf } from "../onnx/tensor.ts";
import type { GradientRule, RuleContext } from "./rule.ts";

/**
 * y = x d^-beta with d = bias + alpha mean(x^2), the mean over `size` channels around each, those beyond the ends zero
 * (Krizhevsky et al., NIPS 2012, section 3.3, in ONNX's terms):
 * dx = g d^-beta - 2 alpha beta x mean(g y / d), over the same channels.
 */
export const localResponse: GradientRule = (context) => {
  const { math, node, inputs, outputs, gradient } = context;
  const [x] = inputs;
  const alpha = attribute(node, "float", "alpha", 1e-4);
  const beta = attribute(node, "float", "beta", 0.75);
  const bias = attribute(node, "float", "bias", 1);
  const d = math.add(math.mul(meanOfNeighbours(context, math.mul(x, x)), alpha), bias);
  const around = meanOfNeighbours(context, math.div(math.mul(gradient, outputs[0]), d));
  // The runtime has fast kernels for exp and log, and none for powers.
  const direct = math.mul(gradient, math.exp(math.mul(math.log(d), -beta)));
  return [math.sub(direct, math.mul(math.mul(x, 2 * alpha * beta), around))];
};

/** A mean over channels is a pooling along one axis of [batch, 1, channels, places]. */
function meanOfNeighbours({ graph, node, inputs, shape }: RuleContext, value: string): string {
  const dims = shape(inputs[0]);
  const [batch, channels] = dims;
  const size = attribute(node, "int", "size", 1);
  const plane = graph.emit("Reshape", [value, graph.ints([batch, 1, channels, sizeOf(dims.slice(2))])]);
  const pooled = graph.emit("AveragePool", [plane], {
    kernel_shape: ints([size, 1]),
    pads: ints([(size - 1) / 2, 0, (size - 1) / 2, 0]),
    count_include_pad: int(1),
  });
  return graph.emit("Reshape", [pooled, graph.ints(dims)]);
}
