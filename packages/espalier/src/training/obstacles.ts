import { endsGradient, ruleName } from "../autodiff/no-gradient.ts";
import type { GradientRule } from "../autodiff/rule.ts";
import { gradientRules } from "../autodiff/rules.ts";
import { changingValues } from "../onnx/changing.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import { dependents, withoutDeadNodes } from "../onnx/live.ts";
import { isQuantized } from "../onnx/quantized.ts";
import { upgrade } from "../onnx/upgrade.ts";
import { trainableParameters } from "./parameters.ts";

const NESTED = new Set(["If", "Loop", "Scan"]);

/**
 * What keeps a network from being trained, in sentences; what only running it would show is not among it.
 * @param model a network in its trainable form
 */
export function obstacles(model: Model, rules: ReadonlyMap<string, GradientRule> = gradientRules): string[] {
  const found: string[] = [];
  if (fedInputs(model).length === 0) found.push("It has no inputs.");
  const live = withoutDeadNodes(upgrade(model)).nodes;
  const quantized = live.filter(isQuantized);
  if (quantized.length > 0) {
    found.push(
      `${quantized.length} nodes are quantized (${quantized[0].op}): prune the float model, then quantize it.`,
    );
  }
  const parameters = trainableParameters(model);
  if (parameters.length === 0) found.push("It has no weights outside of subgraphs that could be trained.");
  const followed = live.filter((node) => !endsGradient(node, rules));
  const learning = dependents(followed, parameters);
  const missing = new Set(
    followed
      .filter((node) => node.inputs.some((input) => learning.has(input)) && !isQuantized(node))
      .map(ruleName)
      .filter((key) => !rules.has(key) && !NESTED.has(key)),
  );
  if (missing.size > 0) found.push(`There is no gradient rule for ${[...missing].join(", ")}.`);
  const changing = changingValues(model);
  const nested = live.filter(
    // An If whose condition is settled by shapes is replaced by the branch that it takes.
    ({ op, inputs: [condition], attributes }) =>
      Object.values(attributes).some(({ kind }) => kind === "graph") && (op !== "If" || changing.has(condition)),
  );
  if (nested.length > 0) {
    const ops = [...new Set(nested.map(({ op }) => op))].join(", ");
    found.push(`${nested.length} nodes have subgraphs (${ops}), whose layers are not looked into.`);
  }
  return found;
}
