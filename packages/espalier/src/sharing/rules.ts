import type { GradientRule } from "../autodiff/rule.ts";
import { gradientRules } from "../autodiff/rules.ts";
import { attribute, int, string } from "../onnx/attributes.ts";

/** Each element of the gradient is added to where the element came from. */
const gatherElements: GradientRule = ({ graph, node, inputs: [data, indices], gradient, shape, scalar }) => {
  const zeros = graph.emit("Expand", [scalar(0), graph.ints(shape(data))]);
  const axis = int(attribute(node, "int", "axis", 0));
  return [graph.emit("ScatterElements", [zeros, indices, gradient], { axis, reduction: string("add") }), undefined];
};

/** What was overwritten has no gradient, and what was written has that of its place. */
const scatterElements: GradientRule = ({
  graph,
  node,
  inputs: [, indices, updates],
  gradient,
  shape,
  scalar,
  wants,
}) => {
  const axis = int(attribute(node, "int", "axis", 0));
  const zeros = () => graph.emit("Expand", [scalar(0), graph.ints(shape(updates))]);
  return [
    wants(0) ? graph.emit("ScatterElements", [gradient, indices, zeros()], { axis }) : undefined,
    undefined,
    wants(2) ? graph.emit("GatherElements", [gradient, indices], { axis }) : undefined,
  ];
};

/** The gradient rules with those of the operators that a codebook is read by. */
export const sharingRules: ReadonlyMap<string, GradientRule> = new Map([
  ...gradientRules,
  ["GatherElements", gatherElements],
  ["ScatterElements", scatterElements],
]);
