import type { Operators } from "../operator.ts";
import { activationOperators } from "./activations.ts";
import { arithmeticOperators } from "./arithmetic.ts";
import { castOperators } from "./cast.ts";
import { convolutionOperators } from "./convolution.ts";
import { denseOperators } from "./dense.ts";
import { gatherOperators } from "./gather.ts";
import { logicOperators } from "./logic.ts";
import { mathOperators } from "./math.ts";
import { movementOperators } from "./movement.ts";
import { nameOperators } from "./names.ts";
import { normalizationOperators } from "./normalization.ts";
import { poolingOperators } from "./pooling.ts";
import { recurrentOperators } from "./recurrent.ts";
import { reductionOperators } from "./reductions.ts";
import { transposedOperators } from "./transposed.ts";

/** What the runtime computes, by operator. */
export const operators: Operators = {
  ...denseOperators,
  ...convolutionOperators,
  ...transposedOperators,
  ...poolingOperators,
  ...activationOperators,
  ...mathOperators,
  ...arithmeticOperators,
  ...logicOperators,
  ...castOperators,
  ...normalizationOperators,
  ...reductionOperators,
  ...nameOperators,
  ...movementOperators,
  ...gatherOperators,
  ...recurrentOperators,
};
