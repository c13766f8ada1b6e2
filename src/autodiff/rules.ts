import { elementwiseRules } from "./elementwise.ts";
import type { GradientRule } from "./rule.ts";

/**
 * The built-in gradient rules by operator. To add one, put it in a map of your own beside these:
 * `differentiate(model, loss, wrt, new Map([...gradientRules, ["Sin", rule]]))`.
 */
export const gradientRules: ReadonlyMap<string, GradientRule> = new Map(Object.entries({ ...elementwiseRules }));
