import { attribute, float, int } from "../onnx/attributes.ts";
import { asNumbers, elementwise } from "./elementwise.ts";
import type { MathNodes } from "./math.ts";
import type { GradientRule } from "./rule.ts";

/** What a rule of an activation function writes its formula with. */
interface Formula {
  readonly math: MathNodes;
  readonly g: string;
  readonly x: string;
  readonly y: string;
  /** A float attribute of the node, or what it is where the node does not have it. */
  value(name: string, absent: number): number;
}

/** A rule for y = f(x) on each element, whose shape attributes may set. */
function activation(partial: (formula: Formula) => string): GradientRule {
  return elementwise(({ node, math, inputs: [x], outputs: [y] }, g) =>
    partial({ math, g, x, y, value: (name, absent) => attribute(node, "float", name, absent) }),
  );
}

/**
 * min(max(c y, 0), 1) with c near the largest float: 1 where y > 0, else 0, so but for y < 1 / c, which is as good as
 * zero. One pass on all threads, where Sign runs on one, and Where takes three.
 */
const STEP = { alpha: float(3e38), beta: float(0) };

/** The standard's defaults of Selu (Klambauer et al., arXiv 1706.02515). */
const SELU = { alpha: 1.6732631921768188, gamma: 1.0507010221481323 };

/** Phi(x) + x phi(x), or the same of the approximation by tanh (Hendrycks and Gimpel, arXiv 1606.08415). */
const gelu: GradientRule = elementwise(({ node, math, inputs: [x] }, g) => {
  const { mul, add, sub, exp, erf, tanh } = math;
  const squared = mul(x, x);
  if (attribute(node, "string", "approximate", "none") === "none") {
    const cumulative = mul(0.5, add(1, erf(mul(x, Math.SQRT1_2))));
    const density = mul(1 / Math.sqrt(2 * Math.PI), exp(mul(-0.5, squared)));
    return mul(g, add(cumulative, mul(x, density)));
  }
  // y = x (1 + t) / 2 with t = tanh(c (x + k x^3)).
  const [c, k] = [Math.sqrt(2 / Math.PI), 0.044715];
  const t = tanh(mul(mul(c, x), add(1, mul(k, squared))));
  const inner = mul(c, add(1, mul(3 * k, squared)));
  const slope = mul(mul(x, sub(1, mul(t, t))), inner);
  return mul(g, mul(0.5, add(add(1, t), slope)));
});

/** x tanh(softplus(x)). */
const mish = activation(({ math: { mul, add, sub, tanh, softplus, sigmoid }, g, x }) => {
  const t = tanh(softplus(x));
  return mul(g, add(t, mul(mul(x, sigmoid(x)), sub(1, mul(t, t)))));
});

/** x s with s = sigmoid(alpha x): s + alpha x s (1 - s). */
const swish = activation(({ math: { mul, add, sub, sigmoid }, g, x, value }) => {
  const scaled = mul(value("alpha", 1), x);
  const s = sigmoid(scaled);
  return mul(g, mul(s, add(1, mul(scaled, sub(1, s)))));
});

/**
 * y = min(max(x, low), high): g goes to x where y = x, the bounds included, and to a bound, summed, where x is beyond
 * it.
 */
const clip: GradientRule = (context) => {
  const { graph, math, inputs, outputs, gradient, wants } = context;
  const [x, low, high] = inputs;
  const kept = () => math.mul(gradient, asNumbers(context, math.equal(x, outputs[0])));
  const sumOf = (beyond: string) => graph.emit("ReduceSum", [math.where(beyond, gradient, 0)], { keepdims: int(0) });
  return [
    wants(0) ? kept() : undefined,
    low && wants(1) ? sumOf(math.less(x, low)) : undefined,
    high && wants(2) ? sumOf(math.greater(x, high)) : undefined,
  ];
};

/** Activation functions, element by element. */
export const activationRules: Readonly<Record<string, GradientRule>> = {
  Relu: elementwise(({ graph, outputs: [y] }, g) => graph.emit("Mul", [g, graph.emit("HardSigmoid", [y], STEP)])),
  LeakyRelu: activation(({ math: { mul, where, less }, g, x, value }) =>
    where(less(x, 0), mul(g, value("alpha", 0.01)), g),
  ),
  PRelu: elementwise(
    ({ math: { mul, where, less }, inputs: [x, slope] }, g) => where(less(x, 0), mul(g, slope), g),
    ({ math: { mul, min }, inputs: [x] }, g) => mul(g, min(x, 0)),
  ),
  ThresholdedRelu: activation(({ math: { where, greater }, g, x, value }) =>
    where(greater(x, value("alpha", 1)), g, 0),
  ),
  Shrink: activation(({ math: { where, greater, abs }, g, x, value }) =>
    where(greater(abs(x), value("lambd", 0.5)), g, 0),
  ),
  // alpha (e^x - 1) below zero, whose derivative is y + alpha.
  Elu: activation(({ math: { mul, add, where, less }, g, x, y, value }) =>
    where(less(x, 0), mul(g, add(y, value("alpha", 1))), g),
  ),
  Selu: activation(({ math: { mul, add, where, less }, g, x, y, value }) => {
    const gamma = value("gamma", SELU.gamma);
    return mul(g, where(less(x, 0), add(y, gamma * value("alpha", SELU.alpha)), gamma));
  }),
  // alpha (e^(x / alpha) - 1) below zero.
  Celu: activation(({ math: { mul, add, where, less }, g, x, y, value }) =>
    where(less(x, 0), mul(g, add(mul(y, 1 / value("alpha", 1)), 1)), g),
  ),
  // y' = y (1 - y) = y - y^2.
  Sigmoid: activation(({ math: { mul, sub }, g, y }) => mul(g, sub(y, mul(y, y)))),
  HardSigmoid: elementwise((context, g) => {
    const { node, math, outputs } = context;
    const inside = math.and(math.greater(outputs[0], 0), math.less(outputs[0], 1));
    return math.mul(g, math.mul(asNumbers(context, inside), attribute(node, "float", "alpha", 0.2)));
  }),
  // x (x + 3) / 6 between -3 and 3.
  HardSwish: activation(({ math: { mul, add, where, less }, g, x }) => {
    const between = where(less(x, 3), add(mul(x, 1 / 3), 0.5), 1);
    return mul(g, where(less(x, -3), 0, between));
  }),
  Softplus: activation(({ math: { mul, sigmoid }, g, x }) => mul(g, sigmoid(x))),
  // x / (1 + |x|).
  Softsign: activation(({ math: { mul, div, add, abs }, g, x }) => {
    const divisor = add(1, abs(x));
    return div(g, mul(divisor, divisor));
  }),
  Clip: clip,
  Gelu: gelu,
  Mish: mish,
  Swish: swish,
};
