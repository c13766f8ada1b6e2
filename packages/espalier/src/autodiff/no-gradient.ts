import type { Node } from "../onnx/graph.ts";
import type { GradientRule } from "./rule.ts";

/**
 * Operators through which no gradient flows: their results are whole numbers, truth values, chance, or depend on
 * shapes only, or they are step functions, whose derivative is zero wherever they have one. What lies before them is
 * left alone, so the arithmetic on shapes that exports are full of needs no rules.
 */
export const noGradient: ReadonlySet<string> = new Set([
  // From shapes and counts alone.
  ...["Shape", "Size", "ConstantOfShape", "EyeLike", "Range", "Constant"],
  // Comparisons and logic.
  ...["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Xor", "Not", "IsInf", "IsNaN"],
  ...["BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor"],
  // Places, and choices among them.
  ...["ArgMax", "ArgMin", "Hardmax", "NonMaxSuppression", "NonZero", "OneHot"],
  // Step functions.
  ...["Ceil", "Floor", "Round", "Sign"],
  // Chance.
  ...["Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"],
  // Windows of signal processing.
  ...["BlackmanWindow", "HammingWindow", "HannWindow"],
]);

/** The name by which rules know a node's operator: "op", or "domain:op" outside ONNX's own domain. */
export function ruleName({ domain, op }: Node): string {
  return domain ? `${domain}:${op}` : op;
}

/** Whether gradients end at a node. A rule that a user gives for its operator, straight through say, lets them pass. */
export function endsGradient(node: Node, rules: ReadonlyMap<string, GradientRule>): boolean {
  return noGradient.has(ruleName(node)) && !rules.has(ruleName(node));
}
