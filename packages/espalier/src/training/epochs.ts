import type { LearningData } from "../data/dataset.ts";
import { isBetter } from "../tasks/measure.ts";
import { checkClasses, checkTrainingTargets } from "./check-data.ts";
import type { Evaluator } from "./evaluate.ts";
import { notFinite } from "./not-finite.ts";
import { applyMasks, type Masks, type Parameters } from "./parameters.ts";
import type { TrainerState } from "./trainer.ts";

/** How long epochs go on, and where they begin. */
export interface EpochsControl {
  readonly epochs: number;
  /** Stop when the measure on the validation split has not become better for so many epochs. */
  readonly patience?: number;
  /** Continue from here; the result is the same as if there had been no pause. */
  readonly resume?: EpochsState;
  /** Ends the training after the steps in progress; the state of that moment is in the result. */
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

/** Steps that were done on as many batches. */
export interface StepsDone {
  /** Each batch's loss before its step. */
  readonly losses: readonly number[];
  /** The last step's. */
  readonly learningRate: number;
}

/** A network in training, one run of steps after the other. */
export interface Learner {
  /** Steps of an epoch: on as many batches. */
  readonly steps: number;
  /** Steps, of all epochs, after which masks stay as they are: only epochs that end later can be the best. */
  readonly masksChange: number;
  readonly masks: Masks;
  /**
   * Does the next steps of an epoch; undefined where the signal ended them on the way, so that none is done.
   * @param step how many are done
   * @param onSteps is told of steps on the way, with the sum of their losses
   */
  advance(
    epoch: number,
    step: number,
    onSteps: (count: number, lossSum: number, learningRate: number) => void,
  ): Promise<StepsDone | undefined>;
  /** Copies of what is trained. */
  parameters(): Promise<Parameters>;
  /** Copies of the running statistics that follow the batches. */
  statistics(): Promise<Parameters>;
  state(): Promise<TrainerState>;
  restore(state: TrainerState): void;
}

/**
 * Goes through epochs: validates after each, remembers the best, stops where nothing becomes better.
 */
export async function goThroughEpochs(
  learner: Learner,
  evaluator: Evaluator,
  data: LearningData,
  { epochs, patience = Number.POSITIVE_INFINITY, resume, signal, onProgress, onEpoch }: EpochsControl,
): Promise<EpochsResult> {
  const { steps, masksChange } = learner;
  await checkClasses(data);
  await checkTrainingTargets(data, evaluator.task.checkTarget);
  let { step, lossSum } = resume ?? { step: 0, lossSum: 0 };
  let best = resume?.best;
  const history = [...(resume?.history ?? [])];
  if (resume) learner.restore(resume.trainer);
  const state = async (): Promise<EpochsState> => ({
    trainer: await learner.state(),
    step,
    lossSum,
    history: [...history],
    best,
  });

  while (history.length < epochs && history.length - (best?.epoch ?? history.length) < patience) {
    const epoch = history.length;
    let learningRate = 0;
    while (step < steps) {
      if (signal?.aborted) return { ...(await state()), aborted: true };
      let told = 0;
      const tell = (since: number, sum: number, rate: number) => {
        told += since;
        const done = step + told;
        const loss = (lossSum + sum) / done;
        onProgress?.({ epoch: epoch + 1, epochs, step: done, steps, since, loss, learningRate: rate });
      };
      const done = await learner.advance(epoch, step, tell);
      if (!done) return { ...(await state()), aborted: true };
      const { losses } = done;
      if (epoch === 0 && step === 0 && !Number.isFinite(losses[0])) {
        throw await notFinite(
          data,
          data.train,
          `The loss is ${losses[0]} in the first step, though the training samples of ${data.name} are finite: check the network's weights.`,
        );
      }
      learningRate = done.learningRate;
      for (const loss of losses) lossSum += loss;
      if (told < losses.length) tell(losses.length - told, 0, learningRate);
      step += losses.length;
    }
    const diverged = `in epoch ${epoch + 1}: the training diverged; take a lower learning rate.`;
    if (!Number.isFinite(lossSum)) throw await notFinite(data, data.train, `The loss is ${lossSum} ${diverged}`);
    // Products with a mask leave negative zeros; in what is kept, a cut connection is the zero of all bits.
    const trained = applyMasks(await learner.parameters(), learner.masks);
    const parameters = new Map([...trained, ...(await learner.statistics())]);
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
