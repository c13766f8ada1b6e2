import type { Operators } from "../operator.ts";
import { attentionOperators } from "./attention.ts";
import { bitOperators } from "./bits.ts";
import { boxOperators } from "./boxes.ts";
import { controlOperators } from "./control.ts";
import { einsumOperators } from "./einsum.ts";
import { lossOperators } from "./losses.ts";
import { recurrentOperators } from "./recurrent.ts";
import { resizeOperators } from "./resize.ts";
import { reversalOperators } from "./reversal.ts";
import { samplingOperators } from "./sampling.ts";
import { scatterOperators } from "./scatter.ts";
import { standardizationOperators } from "./standardization.ts";
import { transposedOperators } from "./transposed.ts";

/** Operators that few networks have. They come when one asks for them: a bundler may put them into a file of their own. */
export const furtherOperators: Operators = {
  ...attentionOperators,
  ...bitOperators,
  ...boxOperators,
  ...controlOperators,
  ...einsumOperators,
  ...lossOperators,
  ...recurrentOperators,
  ...resizeOperators,
  ...reversalOperators,
  ...samplingOperators,
  ...scatterOperators,
  ...standardizationOperators,
  ...transposedOperators,
};
