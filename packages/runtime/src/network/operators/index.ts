import type { Operators } from "../operator.ts";
import { activationOperators } from "./activations.ts";
import { arithmeticOperators } from "./arithmetic.ts";
import { castOperators } from "./cast.ts";
import { controlOperators } from "./control.ts";
import { convolutionOperators } from "./convolution.ts";
import { denseOperators } from "./dense.ts";
import { fillingOperators } from "./filling.ts";
import { gatherOperators } from "./gather.ts";
import { logicOperators } from "./logic.ts";
import { lossOperators } from "./losses.ts";
import { mathOperators } from "./math.ts";
import { movementOperators } from "./movement.ts";
import { nameOperators } from "./names.ts";
import { normalizationOperators } from "./normalization.ts";
import { padOperators } from "./pad.ts";
import { poolingOperators } from "./pooling.ts";
import { recurrentOperators } from "./recurrent.ts";
import { reductionOperators } from "./reductions.ts";
import { resizeOperators } from "./resize.ts";
import { scatterOperators } from "./scatter.ts";
import { selectionOperators } from "./selection.ts";
import { softmaxOperators } from "./softmax.ts";
import { spaceOperators } from "./space.ts";
import { standardizationOperators } from "./standardization.ts";
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
  ...softmaxOperators,
  ...reductionOperators,
  ...nameOperators,
  ...movementOperators,
  ...gatherOperators,
  ...recurrentOperators,
  ...fillingOperators,
  ...padOperators,
  ...scatterOperators,
  ...selectionOperators,
  ...resizeOperators,
  ...standardizationOperators,
  ...lossOperators,
  ...spaceOperators,
  ...controlOperators,
};
