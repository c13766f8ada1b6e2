import { z } from "zod";
import { seedOption } from "./common.ts";
import { number, oneOf, option } from "./option.ts";
import { taskOptions } from "./task.ts";

const GROUP = { group: "Quantizing:" } as const;

/** Points of fidelity that may be lost where nobody says how many. */
export const QUANTIZING_LOSS = 1;

const block = z.literal([16, 32, 64, 128, 256], { error: "Blocks have 16, 32, 64, 128 or 256 columns." });

/** Columns that share a scale where nobody says how many. */
export const BLOCK = 32;

/** To what weights and values are rounded, and how far the outputs may go. */
export const quantizeOptions = {
  to: option(oneOf(["int8", "int4", "float16"]), {
    ...GROUP,
    help: "int8: weights, and with --data what layers read and make; int4: weights of MatMul and Gemm; float16: weights, and what is computed of them",
    value: "type",
  }),
  maxLoss: option(number("loss of fidelity", 0, 100).optional(), {
    ...GROUP,
    help: `with --data: how many points of fidelity may be lost, on validation samples: layers that lose most are held better (default: ${QUANTIZING_LOSS})`,
    value: "points",
  }),
  measure: taskOptions.measure,
  block: option(block.optional(), {
    ...GROUP,
    help: `for int4: columns that share a scale: 16, 32, 64, 128 or 256 (default: ${BLOCK})`,
    value: "columns",
  }),
  seed: seedOption(),
};
