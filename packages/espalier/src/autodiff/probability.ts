import { attribute, int } from "../onnx/attributes.ts";
import { asNumbers, elementwise } from "./elementwise.ts";
import type { GradientRule, RuleContext } from "./rule.ts";

function sumOverAxis({ graph, node }: RuleContext, value: string): string {
  return graph.emit("ReduceSum", [value, graph.ints([attribute(node, "int", "axis", -1)])], { keepdims: int(1) });
}

/** y (g - sum(g y)), the sum along the axis. */
const softmax = elementwise((context, g) => {
  const { math, outputs } = context;
  const [y] = outputs;
  return math.mul(y, math.sub(g, sumOverAxis(context, math.mul(g, y))));
});

/** g - exp(y) sum(g), the sum along the axis. */
const logSoftmax = elementwise((context, g) => {
  const { math, outputs } = context;
  return math.sub(g, math.mul(math.exp(outputs[0]), sumOverAxis(context, g)));
});

/**
 * In training mode y = x mask / (1 - ratio), with the node's own mask, which becomes an output where it was none;
 * otherwise y = x.
 */
const dropout: GradientRule = (context) => {
  const { graph, math, node, inputs, gradient, constant } = context;
  const training = inputs[2] ? Number(constant(2)?.data[0] ?? 0) !== 0 : false;
  if (!training) return [gradient];
  const ratio = inputs[1] ? Number(constant(1)?.data[0] ?? 0.5) : 0.5;
  const kept = asNumbers(context, graph.exposeOutput(node, 1));
  return [math.mul(math.mul(gradient, kept), 1 / (1 - ratio))];
};

/** Distributions over an axis, and Dropout. */
export const probabilityRules: Readonly<Record<string, GradientRule>> = {
  Softmax: softmax,
  LogSoftmax: logSoftmax,
  Dropout: dropout,
};
