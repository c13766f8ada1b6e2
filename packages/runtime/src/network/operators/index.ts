import type { Operator } from "../operator.ts";
import { convolutionOperators } from "./convolution.ts";
import { denseOperators } from "./dense.ts";
import { elementwiseOperators } from "./elementwise.ts";
import { movementOperators } from "./movement.ts";
import { normalizationOperators } from "./normalization.ts";
import { poolingOperators } from "./pooling.ts";
import { recurrentOperators } from "./recurrent.ts";

/** What the runtime can run, by operator. */
export const operators: ReadonlyMap<string, Operator> = new Map(
  Object.entries({
    ...denseOperators,
    ...convolutionOperators,
    ...poolingOperators,
    ...elementwiseOperators,
    ...normalizationOperators,
    ...movementOperators,
    ...recurrentOperators,
  }),
);
