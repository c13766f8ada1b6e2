import type { LearningData } from "../../data/dataset.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Task } from "../../tasks/task.ts";
import type { Augmentation } from "../../training/augment.ts";
import type { Distillation } from "../../training/distillation.ts";
import type { EpochsControl, EpochsResult } from "../../training/epochs.ts";
import type { Evaluator } from "../../training/evaluate.ts";
import { learn } from "../../training/learn.ts";
import { type Parameters, withParameters } from "../../training/parameters.ts";
import { roundingRules } from "../scaled/straight-through.ts";
import { priced } from "./priced.ts";
import type { Rated } from "./rated.ts";

/** How networks are trained for the rate. */
export interface RateTraining {
  readonly epochs: number;
  readonly batch: number;
  readonly seed: number;
  /** The first learning rate of Adam, in codes; it falls by a cosine. */
  readonly rate: number;
  readonly augmentation?: Augmentation;
  readonly distillation?: Distillation;
}

/** The part of the first learning rate that the last is. */
const LAST_RATE = 1 / 50;
/** The part of a training in which the price of a bit rises. */
const RISE = 1 / 3;

/**
 * Trains codes and steps at a price of a bit; the last epoch is the result.
 * @param start what training begins from; default: the network as it came
 * @param evaluator of the network alone
 */
export async function trainAtPrice(
  engine: Engine,
  { model }: Rated,
  data: LearningData,
  task: Task,
  evaluator: Evaluator,
  {
    start = new Map(),
    price,
    training,
    ...control
  }: Omit<EpochsControl, "epochs" | "patience"> & {
    readonly start?: Parameters;
    /** The price that the training before had, and that of this one. */
    readonly price: { readonly from: number; readonly to: number };
    readonly training: RateTraining;
  },
): Promise<EpochsResult> {
  const { epochs, batch, seed, rate, augmentation, distillation } = training;
  const steps = Math.floor(data.train.size / batch) * epochs * RISE;
  return learn(
    engine,
    { model: withParameters(model, start), data },
    evaluator,
    {
      batch,
      seed,
      task: priced(task, { ...price, steps }),
      optimizer: { name: "adam" },
      batchNorm: "frozen",
      rules: roundingRules,
      distillation,
    },
    {
      ...control,
      epochs,
      seed,
      augmentation,
      last: true,
      learningRate: { policy: "cosine", rate, final: rate * LAST_RATE },
    },
  );
}
