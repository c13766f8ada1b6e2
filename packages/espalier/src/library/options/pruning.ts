import { z } from "zod";
import { UNIT_CRITERIA } from "../../pruning/by-units/scores.ts";
import type { Criterion } from "../../pruning/criteria/criterion.ts";
import { criteria } from "../../pruning/criteria/index.ts";
import { seedOption } from "./common.ts";
import { layerNumbers, numberList, perLayer } from "./notation.ts";
import { number, oneOf, oneOfOr, option, whole } from "./option.ts";
import { shardOptions } from "./shards.ts";
import { batchNorm, distill, epochs, freeze, trainingOptions } from "./training.ts";

const FAR = { group: "How far to prune:" } as const;
const HOW = { group: "How to prune:" } as const;

const maxLoss = option(number("loss of accuracy", 0, 100).optional(), {
  ...FAR,
  help: "look for the smallest network that is at most this many points worse than the model on validation samples: by its measure; of imitation in fidelity; with --unlabeled by the top 1 accuracy that is expected to be lost",
  value: "points",
});
const rate = option(number("rate", 1).optional(), {
  ...FAR,
  help: "the compression rate to reach: all parameters / kept parameters",
});
const density = option(perLayer.optional(), {
  ...FAR,
  help: "density of layers, LAYER=DENSITY,... by name or glob",
  value: "list",
  notation: layerNumbers,
});
const inputDropout = option(number("ratio", 0, 0.95).default(0), {
  ...HOW,
  help: "drop this share of the inputs while retraining; the ratio falls with the connections that read them",
  value: "ratio",
});
/** How to retrain in each round. */
export const retrainingOptions = {
  ...trainingOptions,
  ...shardOptions,
  inputDropout,
  distill,
  epochs: epochs("epochs of retraining in each round (default: 8, of a search 12)"),
};

const isCriterion = (value: unknown) =>
  typeof value === "object" && value !== null && "score" in value && typeof value.score === "function";

/** How far pruning in rounds goes: one of them, or the masks of another network. */
export const targetOptions = {
  rate,
  density,
  quality: option(perLayer.optional(), {
    ...FAR,
    help: "quality parameter s of layers, LAYER=S,...: threshold = s * standard deviation",
    value: "list",
    notation: layerNumbers,
  }),
};

/** How pruning in rounds goes there. */
export const courseOptions = {
  criterion: option(oneOfOr<Criterion>([...criteria.keys()], isCriterion).optional(), {
    ...HOW,
    help: "how to score the connections, of which the highest are kept (default: magnitude)",
    names: [...criteria.keys()],
  }),
  rounds: option(whole("number of rounds", 1, 1000).optional(), {
    ...HOW,
    help: "rounds of pruning and retraining (default: 3)",
  }),
  gradual: option(z.boolean().optional(), {
    ...HOW,
    help: "prune little by little while retraining, by a cubic schedule",
  }),
  inTurn: option(z.array(z.string()).optional(), {
    ...HOW,
    help: "prune and retrain groups of layers one after the other, the others frozen",
    value: "groups",
  }),
  splicing: option(z.boolean().optional(), {
    ...HOW,
    help: "gradual, and connections that were cut may come back",
  }),
};

/** Pruning in rounds to a target. */
export const prunePlanOptions = { ...targetOptions, ...courseOptions, ...retrainingOptions };

/** Pruning by a search for the smallest network within a loss of accuracy, or of a rate. */
export const pruneSearchOptions = { maxLoss, rate, ...retrainingOptions };

/** Pruning without labels and without training. */
export const pruneUnlabeledOptions = { maxLoss, rate, density, freeze };

/** What units cost, and by what they are chosen. */
const COSTS = ["macs", "bytes", "time"] as const;

/** How far the removal of whole units goes, and what it goes by. */
export const unitOptions = {
  speed: option(number("speed", 1).optional(), {
    ...FAR,
    help: "with --units: so many times as fast, measured on this machine in the runtime that --on names",
  }),
  maxLoss,
  rate,
  cost: option(oneOf(COSTS).optional(), {
    ...HOW,
    help: "with --units: what a unit saves, against which it is weighed (default: time with --speed, bytes with --rate, else macs)",
  }),
  unitCriterion: option(oneOf(UNIT_CRITERIA).optional(), {
    ...HOW,
    help: "with --units: by what units are chosen (default: taylor; of imitation and with --unlabeled reconstruction)",
  }),
  speedBatch: option(whole("batch", 1, 65_536).default(1), {
    ...HOW,
    help: "with --units: samples of a run whose time counts",
  }),
};

/** Pruning of whole units in rounds. */
export const pruneUnitsOptions = { ...unitOptions, ...retrainingOptions };

/** The same without labels and without training. */
export const pruneUnitsUnlabeledOptions = { ...unitOptions, freeze };

/** What a command that prunes in several ways takes besides. */
export const pruneModes = {
  units: option(z.boolean().optional(), {
    ...FAR,
    help: "remove whole units, channels and heads, so that the network is smaller in every runtime",
  }),
  unlabeled: option(z.boolean().optional(), {
    ...FAR,
    help: "without labels and without training: fit what is left of each layer to what it computed",
  }),
  maskOf: option(z.string().optional(), {
    ...FAR,
    help: "cut what is zero in another .onnx file of the same network",
    value: "model",
    reads: "model",
  }),
};

const densityError = "A density is a number above 0 and up to 1.";
const DENSITIES = [1, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02];

/** A scan of sensitivities. */
export const scanOptions = {
  densities: option(z.array(z.number(densityError).gt(0, densityError).max(1, densityError)).default(DENSITIES), {
    help: "the densities to try",
    value: "list",
    notation: numberList,
  }),
  layers: option(z.array(z.string()).optional(), {
    help: "layers to scan, by name or glob (default: all)",
    value: "patterns",
  }),
  retrain: option(whole("number of epochs", 0).default(0), {
    help: "epochs of retraining at each point",
    value: "epochs",
  }),
  seed: seedOption("the seed of the retraining"),
  batchNorm,
};
