import { plainCodeKernels } from "../../kernels/plain-codes.ts";
import { CODES } from "../../kernels/wasm-codes.ts";
import type { Operators } from "../operator.ts";
import { codedLayerOperators } from "./coded-layers.ts";
import { linearOperators } from "./linear.ts";
import { packedOperators } from "./packed.ts";
import { quantizationOperators } from "./quantization.ts";
import { wholeProductOperators } from "./whole-products.ts";

// What quantized networks need. It comes when one asks for it, as the rare operators do.

export { withBiasesOfCodes, withCodes } from "../fuse-codes.ts";

/**
 * Operators on values that are whole numbers, and stand for others.
 * @param common those on floats
 */
export const quantizedOperators = (common: Operators): Operators => ({
  ...quantizationOperators,
  ...wholeProductOperators,
  ...linearOperators(common),
  ...packedOperators,
  ...codedLayerOperators,
});

/** Kernels of layers whose weights are codes. */
export const codeKernels = { simd: CODES, plain: plainCodeKernels };
