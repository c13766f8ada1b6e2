import { attribute, int } from "../onnx/attributes.ts";
import { filterGradient } from "./conv-filter.ts";
import { convInputGradient } from "./conv-input.ts";
import type { GradientRule, RuleContext } from "./rule.ts";
import { convAttributes, windowsOf, windowsOfTransposed } from "./window.ts";

/** Y = W * X + b: dX is W transposed over the gradient, dW correlates X with it, db is its sum. */
const conv: GradientRule = (context) => {
  const { node, inputs, shape, wants } = context;
  const windows = windowsOf(context, shape(inputs[1]).slice(2));
  const groups = attribute(node, "int", "group", 1);
  return [
    wants(0) ? convInputGradient(context, windows, groups) : undefined,
    wants(1) ? filterGradient(context, windows, groups) : undefined,
    wants(2) ? biasGradient(context) : undefined,
  ];
};

/**
 * ConvTranspose is a Conv read backwards: that Conv takes what is the gradient here to what is the input here. So
 * dX is the Conv of the gradient, and dW its filter gradient with the two in each other's place.
 */
const convTranspose: GradientRule = (context) => {
  const { graph, node, inputs, outputs, gradient, shape, wants } = context;
  const [x, filter] = inputs;
  const windows = windowsOfTransposed(context);
  const groups = attribute(node, "int", "group", 1);
  const backwards: RuleContext = {
    ...context,
    inputs: [gradient, filter],
    gradient: x,
    shape: (value) => shape(value === gradient ? outputs[0] : value),
  };
  return [
    wants(0) ? graph.emit("Conv", [gradient, filter], convAttributes(windows, groups)) : undefined,
    wants(1) ? filterGradient(backwards, windows, groups) : undefined,
    wants(2) ? biasGradient(context) : undefined,
  ];
};

function biasGradient({ graph, outputs, gradient, shape }: RuleContext): string {
  const everywhere = shape(outputs[0]).flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  return graph.emit("ReduceSum", [gradient, graph.ints(everywhere)], { keepdims: int(0) });
}

/** Convolutions. */
export const convolutionRules: Readonly<Record<string, GradientRule>> = { Conv: conv, ConvTranspose: convTranspose };
