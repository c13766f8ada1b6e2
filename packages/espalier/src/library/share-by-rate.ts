import { z } from "zod";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { simplifyModel } from "../engine/simplify-model.ts";
import type { Model } from "../onnx/graph.ts";
import { sizeOf } from "../onnx/tensor.ts";
import { mergeable } from "../operators/roles.ts";
import { OptionsError } from "../options-error.ts";
import { decodeWalk, encodeWalk, type TrialNetwork, type WalkState } from "../sharing/rate/state.ts";
import type { RateTraining } from "../sharing/rate/train-at-price.ts";
import { nextTrial, type RateTrial, smallestOf } from "../sharing/rate/walk.ts";
import { scaledRows } from "../sharing/scaled/rows.ts";
import { type Measure, reaches, worsened } from "../tasks/measure.ts";
import { remarkOn } from "../tasks/remark.ts";
import type { EpochsState } from "../training/epochs.ts";
import { evaluationsOf, valuesOf } from "../training/evaluate.ts";
import { trainableParameters } from "../training/parameters.ts";
import { withoutDead } from "./compact.ts";
import { type CheckpointStore, type Hooks, splitHooks } from "./hooks.ts";
import { checkWeights } from "./network.ts";
import { checkOptions } from "./options/option.ts";
import { shareByRateOptions } from "./options/rate.ts";
import { RATE_EPOCHS, RATE_RATE } from "./options/sharing.ts";
import { onTask, type PreparedTask } from "./prepare-task.ts";
import { PriceTrainer } from "./price-trainer.ts";
import type { ShareResult } from "./share.ts";
import { distillationOf, usualBatch } from "./training.ts";

const schema = z.object(shareByRateOptions);
type Chosen = z.output<typeof schema>;

/** The price of a bit, or how much worse the network may become; and how to train. */
export type ShareByRateOptions = z.input<typeof schema> &
  Hooks & {
    /** Keeps how far the training has come after each epoch; what it holds is gone on with. */
    readonly checkpoint?: CheckpointStore;
    /** What a run depends on beside its options, such as digests of files: only the same run may continue. */
    readonly identity?: object;
  };

/** A network trained for its code. */
export interface ShareByRateResult extends Omit<ShareResult, "sharing" | "measure" | "untrained" | "agreement"> {
  readonly measure: Measure;
  /** All that were trained, in the order of their sizes. */
  readonly trials: readonly RateTrial[];
  /** The one that the network is; undefined where none was good enough: it is as it came. */
  readonly trial?: RateTrial;
}

/** The first price of a bit, times the number of parameters. */
const FIRST_PRICE = 1;

/**
 * Trains a network for its code: what each weight takes in bits is a part of the loss, so that weights become zero, or
 * small whole numbers of a step that is learned as well, where that costs the task less than it saves (Oktay et al., arXiv
 * 1906.06624). At one price of a bit, or at higher and higher ones as long as the network is worse by no more than
 * `maxLoss` on the validation split, each from the network before; the smallest file counts. Any task will do, imitation
 * too. The test split is read once, at the end.
 * @throws the signal's reason when it ends the work; UserError for options that do not go together, or data that does not
 *   fit
 */
export async function shareByRate(
  engine: Engine,
  source: Model,
  samples: Dataset,
  options: ShareByRateOptions,
): Promise<ShareByRateResult> {
  const { checkpoint, identity, ...others } = options;
  const { hooks, given } = splitHooks(others);
  const chosen = checkOptions(schema, given);
  const { maxLoss, lambda } = chosen;
  if ((maxLoss === undefined) === (lambda === undefined)) {
    throw new OptionsError(
      (o) => `${o("trainRate")} trains at a price of a bit, or looks for it: give ${o("lambda")} or ${o("maxLoss")}.`,
    );
  }
  checkWeights(source);
  const note = (text: string) => hooks.onProgress?.({ kind: "note", text });
  const { model: simple } = await simplifyModel(engine, source, { mayMerge: mergeable });
  const lean = await withoutDead(engine, simple, samples, note);
  return onTask(engine, lean, samples, chosen, hooks, async (prepared) => {
    const { adopted, task, data, imitation } = prepared;
    const training = trainingOf(chosen, prepared);
    const settings = JSON.stringify({ ...identity, ...chosen, batch: training.batch, measure: task.measure.name });
    const state = await stateIn(checkpoint, settings, note);
    const trainer = await PriceTrainer.create(engine, prepared, training, hooks);
    hooks.onProgress?.({
      kind: "start",
      stepsPerEpoch: Math.floor(data.train.size / training.batch),
      batch: training.batch,
    });
    try {
      const limit = maxLoss === undefined ? undefined : worsened(task.measure, await trainer.baseline(), maxLoss);
      const done = await walk(trainer, state, {
        next: (trials) => {
          if (lambda === undefined) return nextTrial(trials, FIRST_PRICE / parametersIn(adopted.model));
          return trials.length === 0 ? { lambda, from: undefined } : undefined;
        },
        accepts: (value) => limit === undefined || reaches(task.measure, value, limit),
        keep: (state) => checkpoint?.save(encodeWalk(state, settings)),
        onTrial: (trial) => hooks.onProgress?.({ kind: "rate", trial, measure: task.measure }),
      });
      const all = done.map(({ trial }) => trial);
      const trials = all.toSorted((a, b) => a.bytes - b.bytes);
      const labels = imitation ? ("own" as const) : ("given" as const);
      const best = smallestOf(all);
      if (best === undefined) {
        note("No smaller network within that loss was found: the weights stay as they are.");
        return { model: source, layers: [], trials, labels, measure: task.measure };
      }
      const { trial, parameters } = done[best];
      const before = await evaluationsOf(engine, adopted.model, data, task, hooks.signal);
      const after = await evaluationsOf(engine, trainer.evaluated(parameters), data, task, hooks.signal);
      const remark = remarkOn(task.measure, before.test, after.test, maxLoss);
      if (remark) note(remark);
      return {
        model: (await trainer.file(parameters)).model,
        layers: scaledRows(adopted.model, trainer.network.codesOf(parameters)),
        trials,
        trial,
        labels,
        measure: task.measure,
        baseline: valuesOf(before),
        shared: valuesOf(after),
      };
    } finally {
      await trainer.release();
    }
  });
}

/** @throws UserError for options that have no part in imitation */
function trainingOf(
  { seed, epochs = RATE_EPOCHS, learningRate: rate = RATE_RATE, shift = 0, flip = false, distill, batch }: Chosen,
  { adopted, task, data, imitation }: PreparedTask,
): RateTraining {
  return {
    epochs,
    batch: batch ?? imitation?.batch ?? usualBatch(data.train.size),
    seed,
    rate,
    augmentation: shift > 0 || flip ? { shift, flip } : undefined,
    distillation: distillationOf(distill, adopted.model, task),
  };
}

async function stateIn(
  checkpoint: CheckpointStore | undefined,
  settings: string,
  note: (text: string) => void,
): Promise<WalkState> {
  const saved = await checkpoint?.load();
  if (!saved || !checkpoint) return { done: [] };
  const state = decodeWalk(saved, settings, checkpoint.name);
  note(`Continuing from ${checkpoint.name}.`);
  return state;
}

interface Walk {
  next(trials: readonly RateTrial[]): ReturnType<typeof nextTrial>;
  accepts(validation: number): boolean;
  keep(state: WalkState): void | Promise<void>;
  onTrial(trial: RateTrial): void;
}

/** Trains at one price after the other, from where an earlier walk was stopped. */
async function walk(
  trainer: PriceTrainer,
  { done: before, current: stopped }: WalkState,
  { next, accepts, keep, onTrial }: Walk,
): Promise<readonly TrialNetwork[]> {
  const done = [...before];
  let resume: EpochsState | undefined = stopped;
  for (;;) {
    const step = next(done.map(({ trial }) => trial));
    if (!step) return done;
    const from = step.from === undefined ? undefined : done[step.from];
    const { trial, parameters } = await trainer.train(step.lambda, from, resume, (current) => keep({ done, current }));
    resume = undefined;
    const judged = { ...trial, accepted: accepts(trial.validation) };
    done.push({ trial: judged, parameters });
    onTrial(judged);
    await keep({ done });
  }
}

const parametersIn = (model: Model) =>
  trainableParameters(model).reduce((sum, name) => sum + sizeOf(model.initializers.get(name)?.dims ?? []), 0);
