import type { Arrays } from "../data/dataset.ts";
import type { Engine, Program } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { type FloatTensor, float32, isFloat32 } from "../onnx/tensor.ts";
import { random } from "../random.ts";
import { type Feed, fedTensors } from "./feeding.ts";
import { StepFeeds } from "./feeds.ts";
import { LOSS } from "./objective.ts";
import { applyMasks, type Masks, type Parameters, parametersOf, pick } from "./parameters.ts";
import { LEARNING_RATE, maskOf, STEP } from "./step-graph.ts";
import { type TrainingStep, type TrainingStepOptions, trainingStep } from "./training-step.ts";

/** What a trainer learns, and how. */
export interface TrainerOptions extends TrainingStepOptions {
  /** The seed of the dropout's noise. */
  readonly seed: number;
}

/** What a step changes. */
export interface StepState {
  readonly parameters: Parameters;
  /** The running statistics of BatchNormalization that follow the batches. */
  readonly statistics: Parameters;
  /** The optimizer's tensors, by "slot/parameter". */
  readonly slots: Parameters;
}

/** Everything that the next step depends on beside the data. */
export interface TrainerState extends StepState {
  /** Steps done. */
  readonly iteration: number;
  readonly masks: Masks;
}

/** A network in training: a compiled step with its parameters and optimizer state. */
export class Trainer {
  /** The seed of the dropout's noise. */
  seed: number;
  readonly #step: TrainingStep;
  readonly #program: Program;
  readonly #feeds: StepFeeds;
  readonly #batches: readonly Arrays[];
  #masks: Masks = new Map();
  #iteration = 0;

  private constructor(step: TrainingStep, program: Program, seed: number) {
    this.seed = seed;
    this.#step = step;
    this.#program = program;
    const feeds = new StepFeeds(step.capacity, step.types);
    this.#feeds = feeds;
    const names = fedTensors(step.feed).map(({ name }) => name);
    this.#batches = Array.from({ length: step.capacity }, (_, i) =>
      Object.fromEntries(names.map((name) => [name, feeds.of(name, i)])),
    );
  }

  /** Compiles a training step. It has no parameters before {@link restore} gives it some. */
  static async open(engine: Engine, step: TrainingStep, seed: number): Promise<Trainer> {
    const { model, carry, resident, capacity } = step;
    return new Trainer(step, await engine.compile(model, { carry, resident, inPlace: capacity === 1 }), seed);
  }

  /**
   * Compiles the training step of a network. Its parameters start from the model's initializers, masked.
   * @throws UserError when the network cannot be trained: an operator without a gradient rule, no float32 parameter, ...
   */
  static async create(engine: Engine, source: Model, options: TrainerOptions): Promise<Trainer> {
    const { masks = new Map(), splicing, seed } = options;
    const trainer = await Trainer.open(engine, await trainingStep(engine, source, options), seed);
    trainer.mask(masks);
    const initial = parametersOf(source, trainer.parameterNames);
    trainer.#load(splicing ? initial : applyMasks(initial, masks));
    trainer.#load(parametersOf(source, trainer.#step.statistics));
    return trainer;
  }

  get batch(): number {
    return this.#step.batch;
  }

  /** What each batch is made of. */
  get feed(): Feed {
    return this.#step.feed;
  }

  /** The names of what is trained. */
  get parameterNames(): readonly string[] {
    return this.#step.parameters;
  }

  /** The connections that are kept. */
  get masks(): Masks {
    return this.#masks;
  }

  /** Keeps other connections from the next step on: of the parameters that had a mask from the beginning. */
  mask(masks: Masks): void {
    for (const name of this.parameterNames) {
      const mask = masks.get(name);
      if (mask) this.#program.load(maskOf(name), mask);
    }
    this.#masks = new Map([...this.#masks, ...masks]);
  }

  /** Lets recurrent nodes begin anew with the next step. */
  startSequence(): void {
    for (const { name, dims } of this.#step.states) this.#program.load(name, float32(dims));
  }

  /** How many steps one run can do. */
  get capacity(): number {
    return this.#feeds.capacity;
  }

  /**
   * Where the samples of one of the next steps are to be written: by the names of the network's inputs, and of targets
   * those that `targetOf` gives.
   */
  batchOf(step: number): Arrays {
    return this.#batches[step];
  }

  /** Steps done. */
  get iteration(): number {
    return this.#iteration;
  }

  /**
   * Does a step on each batch that was written, up to {@link capacity}, and gives each batch's loss before its step.
   * @param learningRates of each step
   */
  async run(learningRates: readonly number[]): Promise<number[]> {
    for (const [i, rate] of learningRates.entries()) {
      this.#iteration++;
      this.#feeds.floats(LEARNING_RATE, i)[0] = rate;
      if (this.#feeds.has(STEP)) this.#feeds.floats(STEP, i)[0] = this.#iteration;
      for (const { name, ratio, ratioInput, noiseInput } of this.#step.dropout) {
        this.#feeds.floats(ratioInput, i)[0] = ratio;
        random(this.seed, "dropout", name, this.#iteration).fill(this.#feeds.floats(noiseInput, i));
      }
    }
    const outputs = await this.#program.run(this.#feeds.first(learningRates.length));
    return Array.from<number | bigint, number>(outputs[LOSS].data, Number);
  }

  /** Copies of the parameters; those that masks cut are among them where they go on learning. */
  async parameters(): Promise<Parameters> {
    return this.#readAll(this.parameterNames);
  }

  /** Copies of the running statistics that follow the batches. */
  async statistics(): Promise<Parameters> {
    return this.#readAll(this.#step.statistics);
  }

  /** A copy of all that the next step depends on. */
  async state(): Promise<TrainerState> {
    return {
      iteration: this.#iteration,
      parameters: await this.parameters(),
      statistics: await this.statistics(),
      slots: await this.#readAll(this.#step.slots),
      masks: this.#masks,
    };
  }

  /**
   * Puts the trainer into a state that {@link state} gave.
   * @throws UserError when the state is that of another network or optimizer
   */
  restore({ iteration, parameters, statistics, slots, masks }: TrainerState): void {
    const held = heldIn(this.#step, { parameters, statistics, slots });
    for (const tensors of [held.parameters, held.statistics, held.slots]) this.#load(tensors);
    this.mask(masks);
    this.#iteration = iteration;
  }

  /** Frees what the compiled step holds. */
  async release(): Promise<void> {
    await this.#program.release();
  }

  #load(tensors: Parameters): void {
    for (const [name, tensor] of tensors) this.#program.load(name, tensor);
  }

  async #readAll(names: readonly string[]): Promise<Parameters> {
    const found = new Map<string, FloatTensor>();
    for (const name of names) {
      const tensor = await this.#program.read(name);
      if (isFloat32(tensor)) found.set(name, tensor);
    }
    return found;
  }
}

/**
 * What a step changes, of a state.
 * @throws UserError when the state is that of another network or optimizer
 */
export function heldIn(step: Pick<TrainingStep, keyof StepState>, state: StepState): StepState {
  const all = (of: keyof StepState) => {
    const missing = step[of].find((name) => !state[of].has(name));
    if (missing === undefined) return pick(state[of], step[of]);
    throw new UserError(`The saved state has no "${missing}": resume with the network and options it was saved with.`);
  };
  return { parameters: all("parameters"), statistics: all("statistics"), slots: all("slots") };
}
