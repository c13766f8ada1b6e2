import { attribute, int } from "../onnx/attributes.ts";
import { elementwise } from "./elementwise.ts";
import type { GradientRule, RuleContext } from "./rule.ts";

/** y = max(x, 0): g sign(y), faster than choosing by Where. */
const relu = elementwise(({ graph, outputs: [y] }, g) => graph.emit("Mul", [g, graph.emit("Sign", [y])]));

/** y = x where x >= 0, else alpha x. */
const leakyRelu = elementwise(({ graph, node, inputs: [x], scalar }, g) => {
  const slope = scalar(attribute(node, "float", "alpha", 0.01));
  return graph.emit("Where", [graph.emit("Less", [x, scalar(0)]), graph.emit("Mul", [g, slope]), g]);
});

/** y' = y (1 - y) = y - y^2. */
const sigmoid = elementwise(({ graph, outputs: [y] }, g) =>
  graph.emit("Mul", [g, graph.emit("Sub", [y, graph.emit("Mul", [y, y])])]),
);

/** y' = 1 - y^2. */
const tanh = elementwise(({ graph, outputs: [y], scalar }, g) =>
  graph.emit("Mul", [g, graph.emit("Sub", [scalar(1), graph.emit("Mul", [y, y])])]),
);

/** y = min(max(x, low), high): g goes to x between the bounds, and to a bound, summed, where x is beyond it. */
const clip: GradientRule = ({ graph, inputs: [x, low, high], gradient, scalar, wants }) => {
  const zero = scalar(0);
  const below = low ? graph.emit("Less", [x, low]) : undefined;
  const above = high ? graph.emit("Greater", [x, high]) : undefined;
  const without = (g: string, beyond?: string) => (beyond ? graph.emit("Where", [beyond, zero, g]) : g);
  const sumOf = (beyond?: string) =>
    beyond && graph.emit("ReduceSum", [graph.emit("Where", [beyond, gradient, zero])], { keepdims: int(0) });
  return [
    wants(0) ? without(without(gradient, below), above) : undefined,
    wants(1) ? sumOf(below) : undefined,
    wants(2) ? sumOf(above) : undefined,
  ];
};

function sumOverAxis({ graph, node }: RuleContext, value: string): string {
  return graph.emit("ReduceSum", [value, graph.ints([attribute(node, "int", "axis", -1)])], { keepdims: int(1) });
}

/** y (g - sum(g y)), the sum along the axis. */
const softmax = elementwise((context, g) => {
  const { graph, outputs } = context;
  const [y] = outputs;
  return graph.emit("Mul", [y, graph.emit("Sub", [g, sumOverAxis(context, graph.emit("Mul", [g, y]))])]);
});

/** g - exp(y) sum(g), the sum along the axis. */
const logSoftmax = elementwise((context, g) => {
  const { graph, outputs } = context;
  return graph.emit("Sub", [g, graph.emit("Mul", [graph.emit("Exp", [outputs[0]]), sumOverAxis(context, g)])]);
});

/**
 * In training mode y = x mask / (1 - ratio), with the node's own mask, which becomes an output where it was none;
 * otherwise y = x.
 */
const dropout: GradientRule = ({ graph, node, inputs, gradient, constant, scalar, dtype }) => {
  const training = inputs[2] ? Number(constant(2)?.data[0] ?? 0) !== 0 : false;
  if (!training) return [gradient];
  const ratio = inputs[1] ? Number(constant(1)?.data[0] ?? 0.5) : 0.5;
  const mask = graph.exposeOutput(node, 1);
  const kept = graph.emit("Cast", [mask], { to: int(dtype === "float64" ? 11 : 1) });
  return [graph.emit("Mul", [graph.emit("Mul", [gradient, kept]), scalar(1 / (1 - ratio))])];
};

/** Activation functions, and Dropout, which stands among them. */
export const activationRules: Readonly<Record<string, GradientRule>> = {
  Relu: relu,
  LeakyRelu: leakyRelu,
  Sigmoid: sigmoid,
  Tanh: tanh,
  Clip: clip,
  Softmax: softmax,
  LogSoftmax: logSoftmax,
  Dropout: dropout,
};
