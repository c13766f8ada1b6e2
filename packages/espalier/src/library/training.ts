import type { Model } from "../onnx/graph.ts";
import { OptionsError } from "../options-error.ts";
import type { Round } from "../pruning/round.ts";
import { type Loss, losses } from "../tasks/loss.ts";
import type { Task } from "../tasks/task.ts";
import type { Augmentation } from "../training/augment.ts";
import type { BatchNorm } from "../training/batch-norm.ts";
import type { Clipping } from "../training/clip.ts";
import type { Distillation } from "../training/distillation.ts";
import type { Optimizer, Transform } from "../training/optimizer.ts";
import { runningStatistics } from "../training/parameters.ts";
import type { Policy } from "../training/schedule.ts";
import { weightDecay } from "../training/weight-decay.ts";
import type { TrainingSettings } from "./options/training.ts";

/** The metadata entry that holds the first learning rate of a model's training, from which retraining takes its own. */
export const LEARNING_RATE_KEY = "espalier.learning-rate";

/** What a recipe says about training; options override it. */
export interface TrainingDefaults {
  readonly batch: number;
  readonly optimizer: Optimizer;
  readonly l2: number;
  readonly learningRate: Policy;
  /** Default: batch. */
  readonly batchNorm?: BatchNorm;
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

/**
 * Imitation begins from weights that are nearly right, of a network of which nobody says how it was trained: small steps,
 * each a part of the parameter's own size, and nothing that draws weights to zero.
 */
export function imitationDefaults(batch: number): TrainingDefaults {
  return {
    batch,
    optimizer: { name: "adam", relative: true },
    l2: 0,
    learningRate: { policy: "exponential", rate: 2e-3, final: 5e-5 },
    batchNorm: "frozen",
  };
}

/** The batch where options say nothing of it: no more than there are samples to train on. */
export function usualBatch(samples: number, most = 64): number {
  return Math.max(1, Math.min(most, samples));
}

/**
 * The training that options ask for, on top of a recipe.
 * @param samples that there are to train on: a batch has no more, unless options say so
 * @throws UserError for options that nothing would read
 */
export function trainingOf(
  options: TrainingSettings,
  model: Model,
  samples: number,
  defaults: TrainingDefaults = FALLBACK,
) {
  const l2 = options.l2 ?? defaults.l2;
  const optimizer = optimizerOf(options, l2, defaults.optimizer);
  const decoupled = "name" in optimizer && optimizer.name === "adamw";
  const learningRate = policyOf(options, defaults.learningRate);
  refuseIdle(options, optimizer, learningRate);
  const clipping = clippingOf(options);
  const augmentation = augmentationOf(options);
  const batch = options.batch ?? usualBatch(samples, defaults.batch);
  const { seed, loss, l1, freeze, patience } = options;
  const round = {
    learningRate,
    optimizer,
    clipping,
    patience,
    augmentation,
    regularization: weightDecay(model, { l1, l2: decoupled ? 0 : l2 }),
  } satisfies Partial<Round>;
  const batchNorm =
    runningStatistics(model).length > 0 ? (options.batchNorm ?? defaults.batchNorm ?? "batch") : undefined;
  return {
    round,
    run: { batch, seed, batchNorm },
    /** What was chosen, as plain data: for reports, and to tell runs apart. */
    settings: {
      batch,
      seed,
      loss: typeof loss === "function" ? "own" : loss,
      optimizer: "apply" in optimizer ? "own" : optimizer,
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

/**
 * What a network learns from beside its targets.
 * @param weight of the teacher; undefined: there is none
 * @throws UserError where the task is to imitate, which is all that a teacher could ask for
 */
export function distillationOf(weight: number | undefined, teacher: Model, { form }: Task): Distillation | undefined {
  if (weight === undefined) return undefined;
  if (form.kind !== "all") return { teacher, weight };
  throw new OptionsError(
    (o) => `Imitation learns from what the network says, and nothing else: leave out ${o("distill")}.`,
  );
}

/** The loss that options ask for; undefined where that of the task is meant. */
export function lossOf({ loss }: Pick<TrainingSettings, "loss">): Loss | undefined {
  return typeof loss === "string" ? losses.get(loss) : loss;
}

/** The optimizer that options ask for: the usual one, with their momentum where it has some, if they leave it open. */
function optimizerOf(
  { optimizer, momentum, nesterov }: TrainingSettings,
  l2: number,
  usual: Optimizer,
): Optimizer | Transform {
  if (typeof optimizer === "object") return optimizer;
  switch (optimizer) {
    case "sgd":
      return { name: "sgd", momentum: momentum ?? 0.9, nesterov };
    case "adam":
      return { name: "adam" };
    case "adamw":
      return { name: "adamw", decay: l2 };
    default:
      if (usual.name !== "sgd") return usual;
      return { ...usual, momentum: momentum ?? usual.momentum, nesterov: nesterov ?? usual.nesterov };
  }
}

const OF_SGD = ["momentum", "nesterov"] as const;
const OF_POLICIES = ["finalRate", "gamma", "power", "every"] as const;
/** What each policy reads beside the first learning rate. */
const POLICY_OPTIONS: Readonly<Record<Policy["policy"], readonly (typeof OF_POLICIES)[number][]>> = {
  constant: [],
  exponential: ["finalRate"],
  cosine: ["finalRate"],
  step: ["gamma", "every"],
  inv: ["gamma", "power"],
};

/** @throws UserError for options that the optimizer or the policy does not read */
function refuseIdle(options: TrainingSettings, optimizer: Optimizer | Transform, { policy }: Policy): void {
  const momentary = "name" in optimizer && optimizer.name === "sgd";
  const idle = OF_SGD.find((name) => !momentary && options[name] !== undefined);
  if (idle) {
    const called = "name" in optimizer ? optimizer.name : "of your own";
    throw new OptionsError((o) => `${o(idle)} is about sgd, and the optimizer is ${called}: leave it out.`);
  }
  const unread = OF_POLICIES.find((name) => options[name] !== undefined && !POLICY_OPTIONS[policy].includes(name));
  if (unread) {
    const readers = Object.entries(POLICY_OPTIONS).flatMap(([name, own]) => (own.includes(unread) ? [name] : []));
    throw new OptionsError(
      (o) => `${o(unread)} is about the policy ${readers.join(" or ")}, and the policy is ${policy}: leave it out.`,
    );
  }
}

function policyOf(options: TrainingSettings, defaults: Policy): Policy {
  const { policy = defaults.policy, learningRate: rate = defaults.rate, finalRate } = options;
  const { gamma = 0.1, power = 0.75, every = 5 } = options;
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

function clippingOf({ clipNorm: norm, clipValue: value }: TrainingSettings): Clipping | undefined {
  return norm === undefined && value === undefined ? undefined : { norm, value };
}

function augmentationOf({ shift = 0, flip = false }: TrainingSettings): Augmentation | undefined {
  return shift === 0 && !flip ? undefined : { shift, flip };
}
