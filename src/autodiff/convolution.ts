import { attribute, int } from "../onnx/attributes.ts";
import { filterGradient } from "./conv-filter.ts";
import type { GradientRule, RuleContext } from "./rule.ts";
import { transposedAttributes, type Windows, windowsOf } from "./window.ts";

/** Y = W * X + b: dX is W transposed over the gradient, dW correlates X with it, db is its sum. */
const conv: GradientRule = (context) => {
  const { graph, node, inputs, gradient, shape, wants } = context;
  const windows = windowsOf(context, shape(inputs[1]).slice(2));
  const groups = attribute(node, "int", "group", 1);
  const everywhere = [0, ...windows.input.map((_, axis) => axis + 2)];
  return [
    wants(0) ? inputGradient(context, windows, groups) : undefined,
    wants(1) ? filterGradient(context, windows, groups) : undefined,
    wants(2) ? graph.emit("ReduceSum", [gradient, graph.ints(everywhere)], { keepdims: int(0) }) : undefined,
  ];
};

/** d(loss)/dX = ConvTranspose(g, W). */
function inputGradient({ graph, inputs, gradient }: RuleContext, windows: Windows, groups: number): string {
  return graph.emit("ConvTranspose", [gradient, inputs[1]], transposedAttributes(windows, groups));
}

/** Convolutions. */
export const convolutionRules: Readonly<Record<string, GradientRule>> = { Conv: conv };
