import { inputRoutes } from "../adoption/bind.ts";
import { type LearningData, RUNS_AHEAD } from "../data/dataset.ts";
import { routed } from "../data/routes.ts";
import { isSequence, streams } from "../data/streams.ts";
import { type ChangeOptions, trainingChanges } from "./changes.ts";
import { tooLarge } from "./check-data.ts";
import { type EpochsControl, type EpochsResult, goThroughEpochs, type Learner } from "./epochs.ts";
import type { Evaluator } from "./evaluate.ts";
import { routesFor } from "./feeding.ts";
import { orderIn } from "./order.ts";
import type { Masks, Parameters } from "./parameters.ts";
import { type Policy, schedule } from "./schedule.ts";
import type { Trainer } from "./trainer.ts";

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
export interface EpochsOptions extends EpochsControl, Omit<ChangeOptions, "seed"> {
  readonly learningRate: Policy;
  /** The seed of the order of the samples, and of their changes. */
  readonly seed: number;
  /** How the masks change; default: they do not. Only epochs after their last change can be the best. */
  readonly pacing?: Pacing;
  /** Whether the last epoch is the best whatever the others are, as of networks that become smaller; default: no. */
  readonly last?: boolean;
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
  return goThroughEpochs(stepByStep(trainer, data, options), evaluator, data, options);
}

/** Trains here, one step after the other. */
function stepByStep(trainer: Trainer, data: LearningData, options: EpochsOptions): Learner {
  const { epochs, seed, pacing, last = false } = options;
  const sequence = isSequence(data.train);
  const split = routed(data.train, routesFor(trainer.feed, data));
  const change = trainingChanges(inputRoutes(trainer.feed.inputs, data), options);
  const rateAt = schedule(options.learningRate);
  const inOrder = sequence ? [...streams(data.train, trainer.batch, true)] : undefined;
  const steps = inOrder?.length ?? Math.floor(data.train.size / trainer.batch);
  const begins = (step: number) => inOrder?.[step]?.begins ?? step === 0;
  if (steps === 0) throw tooLarge(trainer.batch, data.train.size, data);
  const masksChange = pacing
    ? Math.floor((Math.min(pacing.until * epochs, epochs - 1) * steps) / pacing.every) * pacing.every
    : last
      ? (epochs - 1) * steps
      : 0;
  const always = inOrder && Uint32Array.from(inOrder.flatMap(({ samples }) => [...samples]));
  let shuffled: { readonly epoch: number; readonly order: Uint32Array } | undefined;
  const orderOf = (epoch: number) => {
    if (always) return always;
    if (shuffled?.epoch !== epoch) shuffled = { epoch, order: orderIn(epoch, data.train.size, seed) };
    return shuffled.order;
  };
  return {
    steps,
    masksChange,
    get masks() {
      return trainer.masks;
    },
    async advance(epoch, step) {
      if (begins(step)) trainer.startSequence();
      const order = orderOf(epoch);
      const done = epoch * steps + step;
      if (pacing && done <= masksChange && done % pacing.every === 0) {
        trainer.mask(pacing.masksAt(masksChange === 0 ? 1 : done / masksChange, await trainer.parameters()));
      }
      const whole = pacing ? pacing.every - (done % pacing.every) : steps;
      let count = 1;
      while (count < Math.min(trainer.capacity, steps - step, whole) && !begins(step + count)) count++;
      const ahead = Math.min(steps, step + RUNS_AHEAD * trainer.capacity);
      split.prepare?.(order.subarray(step * trainer.batch, ahead * trainer.batch));
      const rates: number[] = [];
      for (let i = 0; i < count; i++) {
        const at = step + i;
        const batch = trainer.batchOf(i);
        await split.read(order.subarray(at * trainer.batch, (at + 1) * trainer.batch), batch);
        change(batch, epoch, at);
        rates.push(rateAt({ iteration: epoch * steps + at, epoch: epoch + at / steps, epochs }));
      }
      return { losses: await trainer.run(rates), learningRate: rates[count - 1] };
    },
    parameters: () => trainer.parameters(),
    statistics: () => trainer.statistics(),
    state: () => trainer.state(),
    restore: (state) => trainer.restore(state),
  };
}
