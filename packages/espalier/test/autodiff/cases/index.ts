import { activationCases } from "./activation.ts";
import { convolutionCases } from "./convolution.ts";
import type { CaseFamily } from "./drawn.ts";
import { elementwiseCases } from "./elementwise.ts";
import { functionCases } from "./functions.ts";
import { indexingCases } from "./indexing.ts";
import { movementCases } from "./movement.ts";
import { normalizationCases } from "./normalization.ts";
import { poolingCases } from "./pooling.ts";
import { probabilityCases } from "./probability.ts";
import { productCases } from "./products.ts";
import { recurrenceCases } from "./recurrence.ts";
import { reductionCases } from "./reduction.ts";
import { resamplingCases } from "./resampling.ts";

/** How the gradient rules are tested, by operator. */
export const ruleCases: CaseFamily = {
  ...productCases,
  ...convolutionCases,
  ...recurrenceCases,
  ...poolingCases,
  ...normalizationCases,
  ...activationCases,
  ...probabilityCases,
  ...elementwiseCases,
  ...functionCases,
  ...reductionCases,
  ...movementCases,
  ...indexingCases,
  ...resamplingCases,
};
