import { z } from "zod";
import type { Init } from "../../sharing/kmeans.ts";
import { DEFAULT_LAMBDA, type MethodName } from "../../sharing/methods.ts";
import { MOST_BITS } from "../../sharing/shared.ts";
import { seedOption } from "./common.ts";
import { bitsOfLayers, type PerLayer } from "./notation.ts";
import { number, oneOf, option, whole } from "./option.ts";
import { distill, epochs, learningRate } from "./training.ts";

const SHARING = { group: "Sharing:" } as const;

/** Epochs in which shared values are trained, and the first learning rate of Adam. */
export const SHARING_EPOCHS = 3;
export const SHARING_RATE = 0.001;
/** Epochs at each price of a bit, and the first learning rate of Adam, in codes. */
export const RATE_EPOCHS = 16;
export const RATE_RATE = 0.01;

const bitsError = `Bits are whole numbers from 1 to ${MOST_BITS}.`;
const width = z.number(bitsError).int(bitsError).min(1, bitsError).max(MOST_BITS, bitsError);
const name = z.string().min(1, 'Write it as LAYER=NUMBER,... such as "conv*=8,fc*=5".');

/** Bits for all layers, or for layers by name or glob. */
const bits = z
  .union([width, z.array(z.tuple([name, width]).readonly()).readonly(), z.record(name, width)], bitsError)
  .transform((given): PerLayer => {
    if (typeof given === "number") return [["*", given]];
    return Array.isArray(given) ? given : Object.entries(given);
  });

/** How far a search for a sharing may go. */
const maxLoss = option(number("loss of accuracy", 0, 100).optional(), {
  ...SHARING,
  help: "how much worse the network may become, in points: with --data of fidelity (of the task's measure with --method, --unlabeled or --train-rate), on validation samples; without it by guess",
  value: "points",
});
/** How far outputs may go from what they were. */
export const withinLoss = option(number("loss of fidelity", 0, 100), {
  ...SHARING,
  help: "make the outputs differ by this many points of fidelity at most, on validation samples",
  value: "points",
});
const biasBits = option(whole("number of bits", 1, MOST_BITS).optional(), {
  ...SHARING,
  help: "share the biases of those layers too",
});
const lambda = option(number("lambda", 0).optional(), {
  ...SHARING,
  help: `for the method entropy: what a bit may cost, in mean squares of the weights (default: ${DEFAULT_LAMBDA}); with --unlabeled: what a bit more for every weight may cost in divergence of the outputs; with --train-rate: what a bit costs in the loss`,
});
const seed = seedOption();

/** Sharing by bits, by a price of bits or by a search, and the training of the values. */
export const shareOptions = {
  bits: option(bits.optional(), {
    ...SHARING,
    help: "bits for all layers, or LAYER=BITS,... by name or glob: of codebooks; without --data and --method of whole numbers, with a scale for each output unit",
    value: "list",
    notation: bitsOfLayers,
  }),
  biasBits,
  maxLoss,
  method: option(oneOf(["kmeans", "uniform", "entropy"] as const satisfies readonly MethodName[]).optional(), {
    ...SHARING,
    help: "share the values of codebooks, and how they are chosen (default, of codebooks: kmeans)",
  }),
  init: option(oneOf(["linear", "density", "random", "optimal"] as const satisfies readonly Init[]).optional(), {
    ...SHARING,
    help: "where k-means begins (default: linear)",
  }),
  lambda,
  epochs: epochs(
    `epochs in which the values of codebooks are trained (default: ${SHARING_EPOCHS}), networks at each price of a bit (default: ${RATE_EPOCHS}), or networks that --max-loss and --data made too coarse (default: up to 8, fewer of large networks; 0: none)`,
    0,
  ),
  distill,
  learningRate: learningRate(
    `first learning rate of Adam for the values of codebooks (default: ${SHARING_RATE}), or for codes (default: ${RATE_RATE})`,
  ),
  batch: option(whole("batch size", 1, 65_536).optional(), {
    group: "Training:",
    help: "samples in a batch where values of codebooks or codes are trained (default: 64)",
  }),
  seed,
};

/** Sharing without labels and without training. */
export const shareUnlabeledOptions = { maxLoss, biasBits, lambda, seed };

/** Whether to do without labels; of a command that can do with them too. */
export const unlabeled = option(z.boolean().optional(), {
  ...SHARING,
  help: "without labels and without training: share each layer so that its outputs stay what they were (needs --data)",
});
