import { attribute } from "../../onnx/attributes.ts";
import { passAxes, range, type UnitContext, type UnitRule } from "../units.ts";

/** A function of one element, as its operator defines it. */
type Element = (context: UnitContext) => (x: number) => number;

const identity: Element = () => (x) => x;
/** A function whose constants are not followed. */
const unknown: Element = () => () => Number.NaN;

const elements: Readonly<Record<string, Element>> = {
  Identity: identity,
  Dropout: identity,
  Relu: () => (x) => Math.max(x, 0),
  LeakyRelu: ({ node }) => {
    const slope = attribute(node, "float", "alpha", 0.01);
    return (x) => (x < 0 ? slope * x : x);
  },
  Elu: ({ node }) => {
    const alpha = attribute(node, "float", "alpha", 1);
    return (x) => (x < 0 ? alpha * Math.expm1(x) : x);
  },
  Sigmoid: () => (x) => 1 / (1 + Math.exp(-x)),
  HardSigmoid: ({ node }) => {
    const [alpha, beta] = [attribute(node, "float", "alpha", 0.2), attribute(node, "float", "beta", 0.5)];
    return (x) => Math.max(0, Math.min(1, alpha * x + beta));
  },
  HardSwish: () => (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5)),
  Tanh: () => Math.tanh,
  Neg: () => (x) => -x,
  Abs: () => Math.abs,
  // The bounds are inputs since operator set 11, attributes before.
  Clip: ({ node, constant }) => {
    const bound = (i: number, name: string, absent: number) =>
      node.inputs[i] ? Number(constant(node.inputs[i])?.data[0] ?? Number.NaN) : attribute(node, "float", name, absent);
    const low = bound(1, "min", Number.NEGATIVE_INFINITY);
    const high = bound(2, "max", Number.POSITIVE_INFINITY);
    return (x) => Math.min(Math.max(x, low), high);
  },
  Acos: unknown,
  Acosh: unknown,
  Asin: unknown,
  Asinh: unknown,
  Atan: unknown,
  Atanh: unknown,
  Cast: unknown,
  Ceil: unknown,
  Celu: unknown,
  Cos: unknown,
  Cosh: unknown,
  Erf: unknown,
  Exp: unknown,
  Floor: unknown,
  Gelu: unknown,
  Log: unknown,
  Mish: unknown,
  Reciprocal: unknown,
  Round: unknown,
  Selu: unknown,
  Shrink: unknown,
  Sign: unknown,
  Sin: unknown,
  Sinh: unknown,
  Softplus: unknown,
  Softsign: unknown,
  Sqrt: unknown,
  Swish: unknown,
  Tan: unknown,
  ThresholdedRelu: unknown,
};

/** Every unit stays where it is. */
function pointwise(element: Element): UnitRule {
  return (context) => {
    const { node, shape, isRead } = context;
    const [output, ...others] = node.outputs;
    if (others.some(isRead)) return undefined;
    const f = element(context);
    return {
      passages: passAxes(node.inputs[0], output, range(shape(output).length)),
      constant: (_to, _index, [x]) => f(x),
    };
  };
}

/** Operators that work on each element alone. */
export const pointwiseRules: Readonly<Record<string, UnitRule>> = Object.fromEntries(
  Object.entries(elements).map(([op, element]) => [op, pointwise(element)]),
);
