import { inputRoutes } from "../adoption/bind.ts";
import type { LearningData } from "../data/dataset.ts";
import { routed } from "../data/routes.ts";
import { isSequence, streams } from "../data/streams.ts";
import { UserError } from "../errors.ts";
import { permutation, random } from "../random.ts";
import { isBetter } from "../tasks/measure.ts";
import { type ChangeOptions, trainingChanges } from "./changes.ts";
import { checkClasses, checkTrainingTargets } from "./check-data.ts";
import type { Evaluator } from "./evaluate.ts";
import { routesFor } from "./feeding.ts";
import { notFinite } from "./not-finite.ts";
import { applyMasks, type Masks, type Parameters } from "./parameters.ts";
import { type Policy, schedule } from "./schedule.ts";
import type { Trainer, TrainerState } from "./trainer.ts";

/** Renews the masks while a network trains. */
export interface Pacing {
  /** Steps between one renewal and the next. */
  readonly every: number;
  /** The part of the training, 0 to 1, after which the masks stay as they are. */
  readonly until: number;
  /**
   * The masks for the next steps.
   * @param done the part of the way to the last masks, 0 to 1
   */
  masksAt(done: number, parameters: Parameters): Masks;
}

/** How {@link runEpochs} trains, and where it goes on from. */
export interface EpochsOptions extends Omit<ChangeOptions, "seed"> {
  readonly epochs: number;
  readonly learningRate: Policy;
  /** The seed of the order of the samples, and of their changes. */
  readonly seed: number;
  /** How the masks change; default: they do not. Only epochs after their last change can be the best. */
  readonly pacing?: Pacing;
  /** Stop when the measure on the validation split has not become better for so many epochs. */
  readonly patience?: number;
  /** Continue from here; the result is the same as if there had been no pause. */
  readonly resume?: EpochsState;
  /** Ends the training after the current step; the state of that moment is in the result. */
  readonly signal?: AbortSignal;
  /** Called after each run of steps. */
  readonly onProgress?: (progress: StepProgress) => void;
  /** Called after each epoch with all that is needed to resume. */
  readonly onEpoch?: (state: EpochsState) => void | Promise<void>;
}

/** What is known in the middle of an epoch. */
export interface StepProgress {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done and planned in this epoch. */
  readonly step: number;
  readonly steps: number;
  /** Steps since the last report. */
  readonly since: number;
  /** Mean loss of the epoch so far. */
  readonly loss: number;
  readonly learningRate: number;
}

/** What came out of an epoch. */
export interface EpochResult {
  /** From 1. */
  readonly epoch: number;
  /** Mean loss over the epoch's batches. */
  readonly loss: number;
  /** The task's measure on the validation split, and the mean loss there. */
  readonly validation: number;
  readonly validationLoss: number;
  /** The last step's. */
  readonly learningRate: number;
}

/** The epoch that is best by the task's measure on the validation split, and its parameters with the running statistics. */
export interface Best {
  readonly epoch: number;
  readonly validation: number;
  readonly validationLoss: number;
  readonly parameters: Parameters;
}

/** A training that can be continued. */
export interface EpochsState {
  readonly trainer: TrainerState;
  /** Steps done in the current epoch, and the sum of their losses. */
  readonly step: number;
  readonly lossSum: number;
  readonly history: readonly EpochResult[];
  readonly best?: Best;
}

export interface EpochsResult extends EpochsState {
  /** Whether the signal ended it. */
  readonly aborted: boolean;
}

/**
 * Trains for some epochs: shuffles, or goes through a text in as many stretches as a batch has rows, steps through full batches, validates after each epoch, remembers the best.
 * The samples that do not fill a last batch are left out of that epoch; each epoch leaves out others.
 */
export async function runEpochs(
  trainer: Trainer,
  evaluator: Evaluator,
  data: LearningData,
  options: EpochsOptions,
): Promise<EpochsResult> {
  const { epochs, seed, patience = Number.POSITIVE_INFINITY, resume, signal, onProgress, onEpoch } = options;
  const { pacing } = options;
  const sequence = isSequence(data.train);
  const split = routed(data.train, routesFor(trainer.feed, data));
  const change = trainingChanges(inputRoutes(trainer.feed.inputs, data), options);
  const rateAt = schedule(options.learningRate);
  const inOrder = sequence ? [...streams(data.train, trainer.batch, true)] : undefined;
  const steps = inOrder?.length ?? Math.floor(data.train.size / trainer.batch);
  const begins = (step: number) => inOrder?.[step]?.begins ?? step === 0;
  if (steps === 0) {
    throw new UserError(
      `The batch of ${trainer.batch} is larger than the ${data.train.size} training samples of ${data.name}: take a smaller one.`,
    );
  }
  await checkClasses(data);
  await checkTrainingTargets(data, evaluator.task.checkTarget);
  let { step, lossSum } = resume ?? { step: 0, lossSum: 0 };
  let best = resume?.best;
  const history = [...(resume?.history ?? [])];
  if (resume) trainer.restore(resume.trainer);
  const masksChange = pacing
    ? Math.floor((Math.min(pacing.until * epochs, epochs - 1) * steps) / pacing.every) * pacing.every
    : 0;
  const state = async (): Promise<EpochsState> => ({
    trainer: await trainer.state(),
    step,
    lossSum,
    history: [...history],
    best,
  });

  while (history.length < epochs && history.length - (best?.epoch ?? history.length) < patience) {
    const epoch = history.length;
    const order = inOrder
      ? Uint32Array.from(inOrder.flatMap(({ samples }) => [...samples]))
      : permutation(data.train.size, random(seed, "shuffle", epoch));
    let learningRate = 0;
    while (step < steps) {
      if (begins(step)) trainer.startSequence();
      if (signal?.aborted) return { ...(await state()), aborted: true };
      const done = epoch * steps + step;
      if (pacing && done <= masksChange && done % pacing.every === 0) {
        trainer.mask(pacing.masksAt(masksChange === 0 ? 1 : done / masksChange, await trainer.parameters()));
      }
      const whole = pacing ? pacing.every - (done % pacing.every) : steps;
      let count = 1;
      while (count < Math.min(trainer.capacity, steps - step, whole) && !begins(step + count)) count++;
      const rates: number[] = [];
      for (let i = 0; i < count; i++) {
        const at = step + i;
        const batch = trainer.batchOf(i);
        await split.read(order.subarray(at * trainer.batch, (at + 1) * trainer.batch), batch);
        change(batch, epoch, at);
        rates.push(rateAt({ iteration: epoch * steps + at, epoch: epoch + at / steps, epochs }));
      }
      const losses = await trainer.run(rates);
      if (epoch === 0 && step === 0 && !Number.isFinite(losses[0])) {
        throw await notFinite(
          data,
          data.train,
          `The loss is ${losses[0]} in the first step, though the training samples of ${data.name} are finite: check the network's weights.`,
        );
      }
      for (const loss of losses) lossSum += loss;
      step += count;
      learningRate = rates[count - 1];
      onProgress?.({ epoch: epoch + 1, epochs, step, steps, since: count, loss: lossSum / step, learningRate });
    }
    const diverged = `in epoch ${epoch + 1}: the training diverged; take a lower learning rate.`;
    if (!Number.isFinite(lossSum)) throw await notFinite(data, data.train, `The loss is ${lossSum} ${diverged}`);
    // Products with a mask leave negative zeros; in what is kept, a cut connection is the zero of all bits.
    const trained = applyMasks(await trainer.parameters(), trainer.masks);
    const parameters = new Map([...trained, ...(await trainer.statistics())]);
    evaluator.load(parameters);
    const { value, loss } = await evaluator.evaluate(data.validation);
    if (!Number.isFinite(value)) {
      throw await notFinite(data, data.validation, `The measure on the validation samples is ${value} ${diverged}`);
    }
    history.push({
      epoch: epoch + 1,
      loss: lossSum / steps,
      validation: value,
      validationLoss: loss,
      learningRate,
    });
    const settled = (epoch + 1) * steps > masksChange;
    const better = !best || isBetter(evaluator.task.measure, value, best.validation);
    if (settled && better) best = { epoch: epoch + 1, validation: value, validationLoss: loss, parameters };
    step = 0;
    lossSum = 0;
    await onEpoch?.(await state());
  }
  return { ...(await state()), aborted: false };
}
