import { inputRoutes } from "../../adoption/bind.ts";
import type { LearningData } from "../../data/dataset.ts";
import type { Engine } from "../../engine/engine.ts";
import { type Exchange, memoryExchange } from "../../engine/exchange.ts";
import { type Executor, inlineExecutor } from "../../engine/executor.ts";
import type { Model } from "../../onnx/graph.ts";
import { type FloatTensor, float32 } from "../../onnx/tensor.ts";
import { trainingChanges } from "../changes.ts";
import type { Learner, StepsDone } from "../epochs.ts";
import { applyMasks, type Masks, type Parameters, parametersOf } from "../parameters.ts";
import { heldIn, type TrainerState } from "../trainer.ts";
import { heldShape, type TrainingStep, trainingStep } from "../training-step.ts";
import { lastChange, ratesOf } from "./course.ts";
import { type LocalSteps, LocalStepsJob, MOST_KEPT } from "./job.ts";
import { Merge } from "./merge.ts";
import { checkShards, type ShardedOptions } from "./options.ts";
import { together } from "./progress.ts";
import { type Placed, ShardSamples } from "./shard-samples.ts";
import { seedOf } from "./shards.ts";
import { readState, writeMasks, writeState } from "./state-file.ts";
import { writeStep } from "./step-file.ts";

/**
 * Local SGD (Stich, arXiv 1805.09767, algorithm 1): each shard k takes H steps of its own from the same state,
 * w_k <- w_k - rate u_k, and what comes next is the mean of all w_k, or an outer step towards it. The optimizer's tensors
 * and the running statistics of BatchNormalization are averaged too; masks hold at every step. A shard is work for one
 * job, so that the result depends on how many shards there are, and not on how many workers.
 */
export class ShardedLearner implements Learner {
  readonly steps: number;
  readonly masksChange: number;
  readonly #step: TrainingStep;
  readonly #options: ShardedOptions;
  readonly #engine: Engine;
  readonly #executor: Executor;
  readonly #exchange: Exchange;
  readonly #job: LocalStepsJob;
  readonly #samples: ShardSamples;
  readonly #stepKey: string;
  /** Steps of each shard in an epoch. */
  readonly #each: number;
  #masksKey: string | undefined;
  #state: TrainerState;

  private constructor(
    engine: Engine,
    step: TrainingStep,
    stepKey: string,
    samples: ShardSamples,
    exchange: Exchange,
    start: TrainerState,
    options: ShardedOptions,
  ) {
    const { local } = options;
    this.#engine = engine;
    this.#step = step;
    this.#options = options;
    this.#executor = local.executor?.exchange ? local.executor : inlineExecutor;
    this.#exchange = exchange;
    this.#job = new LocalStepsJob({ engine: () => engine, exchange });
    this.#samples = samples;
    this.#stepKey = stepKey;
    this.#state = start;
    this.#each = Math.floor(samples.least / step.batch);
    this.steps = local.shards * this.#each;
    this.masksChange = local.shards * lastChange(options, this.#each);
  }

  /**
   * @throws UserError for a network that cannot be trained, samples that follow each other, or a batch that is larger than
   * a shard
   */
  static async create(
    engine: Engine,
    model: Model,
    data: LearningData,
    options: ShardedOptions,
  ): Promise<ShardedLearner> {
    const { trainer, course, local } = options;
    checkShards(data, local.shards, trainer.batch);
    const step = await trainingStep(engine, model, trainer);
    const exchange = local.executor?.exchange ?? memoryExchange();
    const dealing = { batch: step.batch, shards: local.shards, seed: course.seed };
    const samples = new ShardSamples(data, step.feed, dealing, exchange, local.kept ?? MOST_KEPT);
    const routes = inputRoutes(step.feed.inputs, data);
    const { augmentation, inputDropout } = course;
    // Refuses here what no shard could do.
    trainingChanges(routes, course);
    const key = await exchange.put(writeStep({ step, changes: { augmentation, inputDropout, routes } }));
    const masks = trainer.masks ?? new Map();
    const initial = parametersOf(model, step.parameters);
    const zeros = (name: string): [string, FloatTensor] => [name, float32(heldShape(step, name))];
    const start = {
      iteration: 0,
      parameters: trainer.splicing ? initial : applyMasks(initial, masks),
      statistics: parametersOf(model, step.statistics),
      slots: new Map(step.slots.map(zeros)),
      masks,
    };
    return new ShardedLearner(engine, step, key, samples, exchange, start, options);
  }

  get masks(): Masks {
    return this.#state.masks;
  }

  async parameters(): Promise<Parameters> {
    return this.#state.parameters;
  }

  async statistics(): Promise<Parameters> {
    return this.#state.statistics;
  }

  async state(): Promise<TrainerState> {
    return this.#state;
  }

  restore(state: TrainerState): void {
    heldIn(this.#step, state);
    this.#state = state;
    this.#masksKey = undefined;
  }

  async advance(
    epoch: number,
    step: number,
    onSteps: (count: number, lossSum: number, learningRate: number) => void,
  ): Promise<StepsDone | undefined> {
    const { local, course } = this.#options;
    const from = step / local.shards;
    await this.#renewMasks(epoch * this.steps + step);
    const rates = ratesOf(this.#options, { epoch, from, each: this.#each });
    const learningRate = rates[rates.length - 1];
    const placed = await this.#samples.place(epoch, from, rates.length);
    const before = await this.#exchange.put(writeState({ ...heldIn(this.#step, this.#state), steps: rates }));
    try {
      const inputs = await this.#inputs(epoch, from, placed, before);
      const onProgress = together((count, lossSum) => onSteps(count, lossSum, learningRate));
      return { losses: await this.#round(inputs, rates.length, onProgress), learningRate };
    } catch (error) {
      if (course.signal?.aborted) return undefined;
      throw error;
    } finally {
      await this.#exchange.drop(before);
      await this.#samples.drop(placed);
    }
  }

  async release(): Promise<void> {
    await this.#job.release();
    await this.#samples.release();
    for (const key of [this.#stepKey, this.#masksKey]) if (key !== undefined) await this.#exchange.drop(key);
  }

  /** Does the jobs, and goes on from the mean of what they give. */
  async #round(
    inputs: readonly LocalSteps[],
    steps: number,
    onProgress: (shard: number, told: unknown) => void,
  ): Promise<number[]> {
    const { local, course, trainer } = this.#options;
    const merge = new Merge();
    const losses: number[] = [];
    // Of two shards that come to the same, the states are one.
    const states = new Set<string>();
    try {
      for await (const { state: key } of this.#executor.run(this.#job, inputs, { signal: course.signal, onProgress })) {
        states.add(key);
        const done = readState(await this.#exchange.get(key), key);
        if (done.steps.length !== steps) throw new Error(`A worker gave ${done.steps.length} steps for ${steps}.`);
        merge.add(heldIn(this.#step, done));
        for (const loss of done.steps) losses.push(loss);
      }
    } finally {
      for (const key of states) await this.#exchange.drop(key);
    }
    const held = trainer.splicing ? new Map() : this.#state.masks;
    const { outer = { momentum: 0, rate: 1 } } = local;
    this.#state = merge.result(this.#state, held, outer, steps);
    return losses;
  }

  async #inputs(epoch: number, from: number, placed: readonly Placed[], state: string): Promise<LocalSteps[]> {
    const { device, threads } = this.#engine;
    this.#masksKey ??= await this.#exchange.put(writeMasks(this.#state.masks));
    const masks = this.#masksKey;
    return placed.map(({ key: samples, inOrder }, shard) => ({
      engine: { device, threads },
      step: this.#stepKey,
      masks,
      state,
      samples,
      inOrder,
      seed: seedOf(this.#options.course.seed, shard),
      epoch,
      from,
      iteration: this.#state.iteration,
    }));
  }

  /** Where masks change while the network trains, they do when a round begins. */
  async #renewMasks(done: number): Promise<void> {
    const { pacing } = this.#options.course;
    if (!pacing || done > this.masksChange) return;
    const { parameters } = this.#state;
    const masks = pacing.masksAt(this.masksChange === 0 ? 1 : done / this.masksChange, parameters);
    this.#state = { ...this.#state, masks: new Map([...this.#state.masks, ...masks]) };
    if (this.#masksKey !== undefined) await this.#exchange.drop(this.#masksKey);
    this.#masksKey = undefined;
  }
}
