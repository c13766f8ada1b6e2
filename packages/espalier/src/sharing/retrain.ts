import type { LearningData } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { taskFor } from "../tasks/index.ts";
import { isBetter } from "../tasks/measure.ts";
import type { EpochResult, StepProgress } from "../training/epochs.ts";
import { evaluate } from "../training/evaluate.ts";
import { learn } from "../training/learn.ts";
import type { Optimizer, Transform } from "../training/optimizer.ts";
import { withParameters } from "../training/parameters.ts";
import type { Policy } from "../training/schedule.ts";
import type { TrainerOptions } from "../training/trainer.ts";
import { trainable } from "./codebook-parameters.ts";
import { sharingRules } from "./rules.ts";
import { type Sharing, withShared } from "./share.ts";

export interface RetrainOptions extends Pick<TrainerOptions, "seed" | "task" | "frozen" | "distillation"> {
  readonly epochs: number;
  readonly batch?: number;
  readonly optimizer?: Optimizer | Transform;
  readonly learningRate?: Policy;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: StepProgress) => void;
  readonly onEpoch?: (result: EpochResult) => void;
}

/** A network with shared weights, and how well it does. */
export interface SharedNetwork {
  /** Shared values written out; biases and all else that is not shared may have been trained too. */
  readonly model: Model;
  readonly sharing: Sharing;
  /** The task's measure on the validation split, before and after the values were trained. */
  readonly before: number;
  readonly after: number;
}

/**
 * Trains the values of a shared network, and its parameters that are not shared. The epoch that is best
 * on the validation split counts, or the network as it came where none is better.
 */
export async function retrain(
  engine: Engine,
  model: Model,
  sharing: Sharing,
  data: LearningData,
  { batch = 64, optimizer = { name: "adam" }, learningRate, task = taskFor(data), ...options }: RetrainOptions,
): Promise<SharedNetwork & { readonly aborted: boolean }> {
  const start = withShared(model, sharing);
  const { value: before } = await evaluate(engine, start, data, data.validation, task);
  const asIs = { model: start, sharing, before, after: before, aborted: false };
  if (options.epochs === 0) return asIs;
  const { model: network, read } = trainable(start, sharing);
  const dropout = new Map(
    network.nodes.filter(({ op }) => op === "Dropout").map(({ name, outputs }) => [name || outputs[0], 0]),
  );
  const { best, aborted } = await learn(
    engine,
    { model: network, data },
    undefined,
    { ...options, task, batch, optimizer, dropout, rules: sharingRules },
    {
      ...options,
      learningRate: learningRate ?? { policy: "exponential", rate: 1e-3, final: 1e-5 },
      onEpoch: ({ history }) => options.onEpoch?.(history[history.length - 1]),
    },
  );
  if (!best || !isBetter(task.measure, best.validation, before)) return { ...asIs, aborted };
  const { sharing: trained, others } = read(best.parameters);
  const after = best.validation;
  return { model: withShared(withParameters(start, others), trained), sharing: trained, before, after, aborted };
}
