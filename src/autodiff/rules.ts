import { activationRules } from "./activation.ts";
import { convolutionRules } from "./convolution.ts";
import { elementwiseRules } from "./elementwise.ts";
import { matmulRules } from "./matmul.ts";
import { movementRules } from "./movement.ts";
import { poolingRules } from "./pooling.ts";
import { reductionRules } from "./reduction.ts";
import type { GradientRule } from "./rule.ts";

/**
 * The built-in gradient rules by operator. To add one, put it in a map of your own beside these:
 * `differentiate(model, loss, wrt, new Map([...gradientRules, ["Sin", rule]]))`.
 */
export const gradientRules: ReadonlyMap<string, GradientRule> = new Map(
  Object.entries({
    ...elementwiseRules,
    ...activationRules,
    ...matmulRules,
    ...convolutionRules,
    ...poolingRules,
    ...movementRules,
    ...reductionRules,
  }),
);
