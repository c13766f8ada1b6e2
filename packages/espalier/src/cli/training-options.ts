import { type Command, Option } from "commander";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { layersOf, selectLayers } from "../operators/layers.ts";
import { weightDecay } from "../pruning/recipes.ts";
import type { Round } from "../pruning/round.ts";
import type { Augmentation } from "../training/augment.ts";
import type { BatchNorm } from "../training/batch-norm.ts";
import type { Clipping } from "../training/clip.ts";
import { losses } from "../training/loss.ts";
import type { Optimizer } from "../training/optimizer.ts";
import { runningStatistics } from "../training/parameters.ts";
import type { Policy } from "../training/schedule.ts";
import { number, whole } from "./options.ts";

/** The metadata entry that holds the first learning rate of a model's training, from which retraining takes its own. */
export const LEARNING_RATE_KEY = "espalier.learning-rate";

export interface TrainingFlags {
  epochs?: number;
  batch?: number;
  seed: number;
  loss: string;
  optimizer?: Optimizer["name"];
  momentum: number;
  nesterov?: boolean;
  learningRate?: number;
  policy?: Policy["policy"];
  finalRate?: number;
  gamma: number;
  power: number;
  every: number;
  l1: number;
  l2?: number;
  clipNorm?: number;
  clipValue?: number;
  patience?: number;
  shift?: number;
  flip?: boolean;
  freeze?: string[];
  batchNorm: BatchNorm;
  resume?: boolean;
  json?: boolean;
}

/** Adds the options of everything that trains. */
export function withTraining(command: Command): Command {
  const from0 = (name: string) => number(name, 0);
  return command
    .option("--batch <n>", "samples in a batch (default: the recipe's, or 64)", whole("batch size", 1, 65_536))
    .option("--seed <n>", "the seed of all randomness", whole("seed", 0), 1)
    .addOption(new Option("--loss <name>", "what to minimize").choices([...losses.keys()]).default("cross-entropy"))
    .addOption(new Option("--optimizer <name>", "how to step (default: sgd)").choices(["sgd", "adam", "adamw"]))
    .option("--momentum <x>", "momentum of sgd", number("momentum", 0, 0.9999), 0.9)
    .option("--nesterov", "Nesterov's momentum")
    .option("--learning-rate <x>", "first learning rate", number("learning rate", Number.MIN_VALUE))
    .addOption(
      new Option("--policy <name>", "how the learning rate falls (default: exponential)").choices([
        "constant",
        "step",
        "inv",
        "exponential",
        "cosine",
      ]),
    )
    .option(
      "--final-rate <x>",
      "last learning rate of exponential and cosine (default: a twentieth)",
      from0("final rate"),
    )
    .option("--gamma <x>", "factor of step, or gamma of inv", from0("gamma"), 0.1)
    .option("--power <x>", "power of inv", from0("power"), 0.75)
    .option("--every <epochs>", "epochs between falls of step", number("number of epochs", Number.MIN_VALUE), 5)
    .option("--l1 <x>", "L1 regularization of the weights", from0("L1 coefficient"), 0)
    .option(
      "--l2 <x>",
      "L2 regularization of the weights; adamw decouples it (default: the recipe's, or 0.0005)",
      from0("L2 coefficient"),
    )
    .option("--clip-norm <x>", "limit of the gradient's norm", number("norm", Number.MIN_VALUE))
    .option("--clip-value <x>", "limit of each element of the gradient", number("value", Number.MIN_VALUE))
    .option("--patience <epochs>", "stop when validation has not improved for so long", whole("patience", 1))
    .option("--shift <pixels>", "move training images by up to so many pixels, at random", whole("shift", 0))
    .option("--flip", "mirror every other training image, at random")
    .option("--freeze <layers...>", "layers to leave as they are, by name or glob")
    .addOption(batchNormOption())
    .option("--resume", "continue an interrupted run to the same result")
    .option("--json", "print one JSON object");
}

/** The option that says what BatchNormalization goes by while a network is trained. */
export function batchNormOption(): Option {
  return new Option("--batch-norm <how>", "train BatchNormalization with the batch's statistics, or with frozen ones")
    .choices(["batch", "frozen"])
    .default("batch");
}

/** What a recipe says about training; options override it. */
export interface TrainingDefaults {
  readonly batch: number;
  readonly optimizer: Optimizer;
  readonly l2: number;
  readonly learningRate: Policy;
}

const FALLBACK: TrainingDefaults = {
  batch: 64,
  optimizer: { name: "sgd", momentum: 0.9 },
  l2: 5e-4,
  learningRate: { policy: "exponential", rate: 0.05, final: 0.0025 },
};

const FIRST_RATE = 0.1;

/** The first learning rate that the model was trained with, where `train` noted it. */
function statedRate(model: Model): number {
  const stated = Number(model.metadata.get(LEARNING_RATE_KEY));
  return stated > 0 ? stated : FIRST_RATE;
}

/** Retraining begins at a tenth of the first learning rate of the training (Han et al., section 3.2, for LeNet). */
export function retrainingDefaults(model: Model): TrainingDefaults {
  const rate = statedRate(model) / 10;
  return {
    batch: 64,
    optimizer: { name: "sgd", momentum: 0.9 },
    l2: 5e-4,
    learningRate: { policy: "exponential", rate, final: rate / 20 },
  };
}

/**
 * A search retrains twice as hot as the training began, and with less regularization: on validation better than
 * a tenth of the rate, the more the sparser the network.
 */
export function hotDefaults(model: Model): TrainingDefaults {
  const rate = 2 * statedRate(model);
  return { ...retrainingDefaults(model), l2: 2e-4, learningRate: { policy: "exponential", rate, final: rate / 200 } };
}

/** The training that flags ask for, on top of a recipe. */
export function trainingOf(flags: TrainingFlags, model: Model, defaults: TrainingDefaults = FALLBACK) {
  const l2 = flags.l2 ?? defaults.l2;
  const optimizer = optimizerOf(flags, l2) ?? defaults.optimizer;
  const decoupled = optimizer.name === "adamw";
  const learningRate = policyOf(flags, defaults.learningRate);
  const clipping = clippingOf(flags);
  const augmentation = augmentationOf(flags);
  const batch = flags.batch ?? defaults.batch;
  const round = {
    learningRate,
    optimizer,
    clipping,
    patience: flags.patience,
    augmentation,
    regularization: weightDecay(model, { l1: flags.l1, l2: decoupled ? 0 : l2 }),
  } satisfies Partial<Round>;
  const { seed, loss, l1, freeze, patience } = flags;
  const batchNorm = runningStatistics(model).length > 0 ? flags.batchNorm : undefined;
  return {
    round,
    run: { batch, seed, loss: losses.get(loss), batchNorm },
    settings: {
      batch,
      seed,
      loss,
      optimizer,
      learningRate,
      l1,
      l2,
      clipping,
      augmentation,
      freeze,
      batchNorm,
      patience,
    },
  };
}

function optimizerOf({ optimizer, momentum, nesterov }: TrainingFlags, l2: number): Optimizer | undefined {
  switch (optimizer) {
    case "sgd":
      return { name: "sgd", momentum, nesterov };
    case "adam":
      return { name: "adam" };
    case "adamw":
      return { name: "adamw", decay: l2 };
    default:
      return momentum === 0.9 && !nesterov ? undefined : { name: "sgd", momentum, nesterov };
  }
}

function policyOf(flags: TrainingFlags, defaults: Policy): Policy {
  const { policy = defaults.policy, learningRate: rate = defaults.rate, finalRate, gamma, power, every } = flags;
  switch (policy) {
    case "constant":
      return { policy, rate };
    case "step":
      return { policy, rate, gamma, every };
    case "inv":
      return { policy, rate, gamma, power };
    default: {
      const ratio = "final" in defaults ? defaults.final / defaults.rate : 0.05;
      return { policy, rate, final: finalRate ?? rate * ratio };
    }
  }
}

function clippingOf({ clipNorm: norm, clipValue: value }: TrainingFlags): Clipping | undefined {
  return norm === undefined && value === undefined ? undefined : { norm, value };
}

function augmentationOf({ shift = 0, flip = false }: TrainingFlags): Augmentation | undefined {
  return shift === 0 && !flip ? undefined : { shift, flip };
}

/** The parameters of layers that are named or fit a glob, with those of their normalization. */
export function frozenParameters(model: Model, patterns: readonly string[] = []): Set<string> {
  const layers = layersOf(model);
  const frozen = new Set<string>();
  for (const pattern of patterns) {
    for (const { parameters } of selectLayers(layers, pattern)) for (const name of parameters) frozen.add(name);
  }
  if (patterns.length > 0 && layers.every(({ weight }) => frozen.has(weight))) {
    throw new UserError(`Every layer is frozen by ${patterns.join(" ")}: leave one to train.`);
  }
  return frozen;
}
