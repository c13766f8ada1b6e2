import { z } from "zod";
import { type Loss, losses } from "../../tasks/loss.ts";
import type { Optimizer, Transform } from "../../training/optimizer.ts";
import type { Policy } from "../../training/schedule.ts";
import { seedOption } from "./common.ts";
import { number, oneOf, oneOfOr, option, type Values, whole } from "./option.ts";

const TRAINING = { group: "Training:" } as const;
const OPTIMIZERS = ["sgd", "adam", "adamw"] as const;
const POLICIES = ["constant", "step", "inv", "exponential", "cosine"] as const satisfies readonly Policy["policy"][];

const isFunction = (value: unknown) => typeof value === "function";
const isOptimizer = (value: unknown) =>
  typeof value === "object" && value !== null && ("name" in value || ("slots" in value && "apply" in value));

/** What BatchNormalization goes by while a network is trained. */
export const batchNorm = option(oneOf(["batch", "frozen"]).optional(), {
  ...TRAINING,
  help: "train BatchNormalization with the batch's statistics, or with frozen ones (default: batch; of imitation frozen)",
  value: "how",
});

export const batch = option(whole("batch size", 1, 65_536).optional(), {
  ...TRAINING,
  help: "samples in a batch (default: the recipe's, or 64; of imitation as many of 64 as there is memory for)",
});

export const freeze = option(z.array(z.string()).optional(), {
  help: "layers to leave as they are, by name or glob",
  value: "layers",
});

export const epochs = (help: string, least = 1) =>
  option(whole("number of epochs", least).optional(), { ...TRAINING, help });

export const learningRate = (help: string) =>
  option(number("learning rate", Number.MIN_VALUE).optional(), { ...TRAINING, help });

/** How much the outputs of the network as it came count beside the targets. */
export const distill = option(number("weight", Number.MIN_VALUE).optional(), {
  ...TRAINING,
  help: "learn from what the model says as it came, too: so many times as much as from the targets (default: not at all)",
  value: "weight",
});

/** What everything that trains takes. */
export const trainingOptions = {
  batch,
  seed: seedOption(),
  loss: option(oneOfOr<Loss>([...losses.keys()], isFunction).optional(), {
    ...TRAINING,
    help: "the loss to minimize (default: the task's)",
    names: [...losses.keys()],
  }),
  optimizer: option(oneOfOr<Optimizer | Transform>(OPTIMIZERS, isOptimizer).optional(), {
    ...TRAINING,
    help: "the optimizer (default: the recipe's, or sgd; of imitation adam)",
    names: OPTIMIZERS,
  }),
  momentum: option(number("momentum", 0, 0.9999).optional(), {
    ...TRAINING,
    help: "momentum of sgd (default: the recipe's, or 0.9)",
  }),
  nesterov: option(z.boolean().optional(), { ...TRAINING, help: "Nesterov's momentum" }),
  learningRate: learningRate(
    "first learning rate (default: the recipe's, or 0.05; of retraining a tenth of the rate that the model was trained with, of a search twice it; of imitation 0.002)",
  ),
  policy: option(oneOf(POLICIES).optional(), {
    ...TRAINING,
    help: "how the learning rate falls (default: the recipe's, or exponential)",
  }),
  finalRate: option(number("final rate", 0).optional(), {
    ...TRAINING,
    help: "last learning rate of exponential and cosine (default: of the first the recipe's part, or a twentieth; of a search a 200th, of imitation a 40th)",
  }),
  gamma: option(number("gamma", 0).optional(), { ...TRAINING, help: "factor of step, or gamma of inv (default: 0.1)" }),
  power: option(number("power", 0).optional(), { ...TRAINING, help: "power of inv (default: 0.75)" }),
  every: option(number("number of epochs", Number.MIN_VALUE).optional(), {
    ...TRAINING,
    help: "epochs between falls of step (default: 5)",
    value: "epochs",
  }),
  l1: option(number("L1 coefficient", 0).default(0), { ...TRAINING, help: "L1 regularization of the weights" }),
  l2: option(number("L2 coefficient", 0).optional(), {
    ...TRAINING,
    help: "L2 regularization of the weights; adamw decouples it (default: the recipe's, or 0.0005; of a search 0.0002, of imitation 0)",
  }),
  clipNorm: option(number("norm", Number.MIN_VALUE).optional(), {
    ...TRAINING,
    help: "limit of the gradient's norm",
  }),
  clipValue: option(number("value", Number.MIN_VALUE).optional(), {
    ...TRAINING,
    help: "limit of each element of the gradient",
  }),
  patience: option(whole("patience", 1).optional(), {
    ...TRAINING,
    help: "stop when validation has not improved for this many epochs",
    value: "epochs",
  }),
  shift: option(whole("shift", 0).optional(), {
    ...TRAINING,
    help: "move training images by up to this many pixels, at random",
    value: "pixels",
  }),
  flip: option(z.boolean().optional(), { ...TRAINING, help: "mirror every other training image, at random" }),
  freeze,
  batchNorm,
};

/** What {@link trainingOptions} are once they are checked. */
export type TrainingSettings = Values<typeof trainingOptions>;
