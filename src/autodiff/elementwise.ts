import { int } from "../onnx/attributes.ts";
import { codeOf } from "../onnx/dtype.ts";
import type { GradientRule, RuleContext } from "./rule.ts";

/** d(loss)/d(input) in the shape of the output: the gradient times the operator's partial derivative. */
type Partial = (context: RuleContext, gradient: string) => string;

/**
 * A rule for an operator that works element by element and may stretch its inputs (ONNX's multidirectional
 * broadcasting): one partial derivative for each input, summed over the stretched axes.
 */
export function elementwise(...partials: readonly (Partial | undefined)[]): GradientRule {
  return (context) =>
    context.inputs.map((input, i) => {
      const partial = partials[i];
      return partial && context.wants(i) ? unbroadcast(context, partial(context, context.gradient), input) : undefined;
    });
}

/** Sums a gradient of the output's shape over the axes that broadcasting stretched, so that it has that of `value`. */
export function unbroadcast({ graph, shape, outputs }: RuleContext, gradient: string, value: string): string {
  const from = shape(outputs[0]);
  const to = shape(value);
  const lead = from.length - to.length;
  const stretched = from.flatMap((size, axis) => (axis < lead || (to[axis - lead] === 1 && size !== 1) ? [axis] : []));
  if (stretched.length === 0) return gradient;
  const sum = graph.emit("ReduceSum", [gradient, graph.ints(stretched)], { keepdims: int(lead === 0 ? 1 : 0) });
  return lead === 0 ? sum : graph.emit("Reshape", [sum, graph.ints(to)]);
}

const through: Partial = (_, g) => g;
const negated: Partial = ({ graph }, g) => graph.emit("Neg", [g]);
const times =
  (factor: (context: RuleContext) => string): Partial =>
  (context, g) =>
    context.graph.emit("Mul", [g, factor(context)]);
const over =
  (divisor: (context: RuleContext) => string): Partial =>
  (context, g) =>
    context.graph.emit("Div", [g, divisor(context)]);
const input =
  (i: number) =>
  ({ inputs }: RuleContext) =>
    inputs[i];
const output = ({ outputs }: RuleContext) => outputs[0];

/** -g a / b^2 = -g y / b. */
const divisorPartial: Partial = ({ graph, inputs, outputs }, g) =>
  graph.emit("Neg", [graph.emit("Div", [graph.emit("Mul", [g, outputs[0]]), inputs[1]])]);

/** g b a^(b - 1), where a^0 has the gradient 0 at a = 0 as well. */
const basePartial: Partial = ({ graph, inputs: [a, b], scalar, dtype, type }, g) => {
  const exponent = type(b).dtype === dtype ? b : graph.emit("Cast", [b], { to: int(codeOf(dtype)) });
  const flat = graph.emit("Equal", [exponent, scalar(0)]);
  const less = graph.emit("Where", [flat, scalar(1), graph.emit("Sub", [exponent, scalar(1)])]);
  const power = graph.emit("Pow", [a, less]);
  return graph.emit("Mul", [g, graph.emit("Mul", [exponent, power])]);
};

/** g y log a, which tends to 0 with a. */
const exponentPartial: Partial = ({ graph, inputs: [a], outputs: [y], scalar }, g) => {
  const base = graph.emit("Where", [graph.emit("Equal", [a, scalar(0)]), scalar(1), a]);
  return graph.emit("Mul", [g, graph.emit("Mul", [y, graph.emit("Log", [base])])]);
};

/** g / (2 sqrt x) = g / 2y. */
const rootPartial: Partial = ({ graph, outputs: [y], scalar }, g) =>
  graph.emit("Div", [graph.emit("Mul", [g, scalar(0.5)]), y]);

const absolutePartial: Partial = ({ graph, inputs: [x] }, g) => graph.emit("Mul", [g, graph.emit("Sign", [x])]);

const chosen: Partial = ({ graph, inputs: [condition], scalar }, g) => graph.emit("Where", [condition, g, scalar(0)]);
const otherwise: Partial = ({ graph, inputs: [condition], scalar }, g) =>
  graph.emit("Where", [condition, scalar(0), g]);

/** Each input of Sum receives the gradient. */
const sum: GradientRule = (context) => elementwise(...context.inputs.map(() => through))(context);

const cast: GradientRule = ({ graph, gradient, inputs, type }) => {
  const { dtype } = type(inputs[0]);
  const floats = dtype === "float32" || dtype === "float64" || dtype === "float16";
  return [floats ? graph.emit("Cast", [gradient], { to: int(codeOf(dtype)) }) : undefined];
};

/** Arithmetic, element by element. */
export const elementwiseRules: Readonly<Record<string, GradientRule>> = {
  Add: elementwise(through, through),
  Sub: elementwise(through, negated),
  Mul: elementwise(times(input(1)), times(input(0))),
  Div: elementwise(over(input(1)), divisorPartial),
  Pow: elementwise(basePartial, exponentPartial),
  Sum: sum,
  Neg: elementwise(negated),
  Exp: elementwise(times(output)),
  Log: elementwise(over(input(0))),
  Sqrt: elementwise(rootPartial),
  Abs: elementwise(absolutePartial),
  // A step function: its derivative is zero wherever it has one.
  Sign: () => [undefined],
  Where: elementwise(undefined, chosen, otherwise),
  Identity: elementwise(through),
  Cast: cast,
};
