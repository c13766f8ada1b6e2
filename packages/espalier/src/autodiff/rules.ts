import { activationRules } from "./activation.ts";
import { convolutionRules } from "./convolution.ts";
import { elementwiseRules } from "./elementwise.ts";
import { functionRules } from "./functions.ts";
import { indexingRules } from "./indexing.ts";
import { matmulRules } from "./matmul.ts";
import { movementRules } from "./movement.ts";
import { normalizationRules } from "./normalization.ts";
import { poolingRules } from "./pooling.ts";
import { probabilityRules } from "./probability.ts";
import { recurrentRules } from "./recurrent.ts";
import { reductionRules } from "./reduction.ts";
import { resamplingRules } from "./resampling.ts";
import type { GradientRule } from "./rule.ts";

/** The built-in gradient rules by family and operator. */
export const ruleFamilies: Readonly<Record<string, Readonly<Record<string, GradientRule>>>> = {
  Products: matmulRules,
  Convolution: convolutionRules,
  Recurrence: recurrentRules,
  Pooling: poolingRules,
  Normalization: normalizationRules,
  Activation: activationRules,
  "Distributions and dropout": probabilityRules,
  Arithmetic: elementwiseRules,
  Functions: functionRules,
  Reduction: reductionRules,
  Movement: movementRules,
  Indexing: indexingRules,
  "Padding and resizing": resamplingRules,
};

/**
 * The built-in gradient rules by operator. To add one, put it in a map of your own beside these:
 * `differentiate(model, loss, wrt, new Map([...gradientRules, ["Det", rule]]))`.
 */
export const gradientRules: ReadonlyMap<string, GradientRule> = new Map(
  Object.values(ruleFamilies).flatMap((family) => Object.entries(family)),
);
