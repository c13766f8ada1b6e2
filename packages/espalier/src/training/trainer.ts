import { reachedByGradient } from "../autodiff/differentiate.ts";
import type { GradientRule } from "../autodiff/rule.ts";
import type { Arrays } from "../data/dataset.ts";
import { annotateAdditions, settle } from "../engine/annotate.ts";
import type { Engine, Program } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { repeat } from "../onnx/repeat.ts";
import { type FloatTensor, float32, isFloat32 } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { upgrade } from "../onnx/upgrade.ts";
import { random } from "../random.ts";
import { classify } from "../tasks/classify.ts";
import type { Task } from "../tasks/task.ts";
import type { BatchNorm } from "./batch-norm.ts";
import type { CarriedState } from "./carried-state.ts";
import { batchInputs } from "./check-data.ts";
import type { Clipping } from "./clip.ts";
import type { DropoutSite } from "./dropout.ts";
import { type Feed, fedTensors } from "./feeding.ts";
import { feedTypes, StepFeeds, stepsPerRun } from "./feeds.ts";
import { LOSS, objective } from "./objective.ts";
import { type Optimizer, type Transform, transformOf } from "./optimizer.ts";
import { applyMasks, type Masks, type Parameters, parametersOf, trainableParameters } from "./parameters.ts";
import { LEARNING_RATE, maskOf, type Regularization, STEP, wholeStep } from "./step-graph.ts";

/** What a trainer learns, and how. */
export interface TrainerOptions {
  readonly batch: number;
  /** What the network learns; default: to classify. */
  readonly task?: Task;
  readonly optimizer: Optimizer | Transform;
  readonly regularization?: ReadonlyMap<string, Regularization>;
  readonly clipping?: Clipping;
  /** Connections to keep; what a mask cuts stays exactly zero. */
  readonly masks?: Masks;
  /** Whether what a mask cuts goes on learning unseen, so that a later mask may bring it back. */
  readonly splicing?: boolean;
  /** Parameters to leave as they are; no gradient is built for them. */
  readonly frozen?: ReadonlySet<string>;
  /**
   * What BatchNormalization goes by; default: what the task says, else the batch's statistics, while the running ones follow. So does
   * retraining after pruning: what is cut changes the means and variances of all that lies behind, and the running
   * statistics of the dense network no longer hold. Frozen statistics are for batches too small to have their own.
   */
  readonly batchNorm?: BatchNorm;
  /** Ratio of dropped units by Dropout node; default: the ratio that the model states. */
  readonly dropout?: ReadonlyMap<string, number>;
  /** The seed of the dropout's noise. */
  readonly seed: number;
  readonly rules?: ReadonlyMap<string, GradientRule>;
  /** Whether each batch goes on where the last one ended, and recurrent nodes with it; default: no. */
  readonly sequence?: boolean;
  /** Steps that one run of the runtime does; default: as many as memory allows, up to 16. */
  readonly stepsPerRun?: number;
}

/** Everything that the next step depends on beside the data. */
export interface TrainerState {
  /** Steps done. */
  readonly iteration: number;
  readonly parameters: Parameters;
  /** The running statistics of BatchNormalization that follow the batches. */
  readonly statistics: Parameters;
  /** The optimizer's tensors, by "slot/parameter". */
  readonly slots: Parameters;
  readonly masks: Masks;
}

/** A network in training: a compiled step with its parameters and optimizer state. */
export class Trainer {
  /** The names of what is trained. */
  readonly parameterNames: readonly string[];
  readonly batch: number;
  readonly #program: Program;
  readonly #statistics: readonly string[];
  readonly #slots: readonly string[];
  readonly #states: readonly CarriedState[];
  readonly #dropout: readonly DropoutSite[];
  readonly #ratios: ReadonlyMap<string, number>;
  readonly #seed: number;
  /** What each batch is made of. */
  readonly feed: Feed;
  readonly #feeds: StepFeeds;
  readonly #batches: readonly Arrays[];
  #masks: Masks;
  #iteration = 0;

  private constructor(parts: {
    program: Program;
    parameterNames: readonly string[];
    statistics: readonly string[];
    slots: readonly string[];
    states: readonly CarriedState[];
    dropout: readonly DropoutSite[];
    feeds: StepFeeds;
    feed: Feed;
    options: TrainerOptions;
  }) {
    this.#program = parts.program;
    this.parameterNames = parts.parameterNames;
    this.#statistics = parts.statistics;
    this.#slots = parts.slots;
    this.#states = parts.states;
    this.#dropout = parts.dropout;
    this.#ratios = parts.options.dropout ?? new Map();
    this.#feeds = parts.feeds;
    this.feed = parts.feed;
    const names = fedTensors(parts.feed).map(({ name }) => name);
    this.#batches = Array.from({ length: parts.feeds.capacity }, (_, step) =>
      Object.fromEntries(names.map((name) => [name, parts.feeds.of(name, step)])),
    );
    this.#masks = parts.options.masks ?? new Map();
    this.batch = parts.options.batch;
    this.#seed = parts.options.seed;
  }

  /**
   * Compiles the training step of a network. Its parameters start from the model's initializers, masked.
   * @throws UserError when the network cannot be trained: an operator without a gradient rule, no float32 parameter, ...
   */
  static async create(engine: Engine, source: Model, options: TrainerOptions): Promise<Trainer> {
    const { batch, masks = new Map(), frozen = new Set(), task = classify(), sequence } = options;
    const { batchNorm = task.batchNorm ?? "batch" } = options;
    const typed = await settle(engine, upgrade(source), { batch });
    const inputs = batchInputs(typed, batch);
    const free = trainableParameters(source).filter((name) => !frozen.has(name));
    const parameterNames = trained(typed, free, { ...options, task });
    const adapting = new Set(batchNorm === "batch" ? parameterNames : []);
    const { model, targets, dropout, statistics, states } = objective(typed, task, { adapting, sequence });
    const annotated = await annotateAdditions(engine, model, typed);
    const stepOptions = {
      ...options,
      parameters: parameterNames,
      statistics,
      states,
      optimizer: transformOf(options.optimizer),
      masked: new Set(masks.keys()),
    };
    const step = wholeStep(annotated, stepOptions);
    const { carry, resident } = step;
    const feeds = new StepFeeds(options.stepsPerRun ?? stepsPerRun(engine, step), feedTypes(step));
    // A single step renews its state where it lies; several in a row hold two states in turns.
    const single = feeds.capacity === 1;
    const run = single
      ? wholeStep(annotated, { ...stepOptions, overwriting: true }).model
      : repeat(step.model, { carry, shared: new Set(resident) });
    const program = await engine.compile(run, { carry, resident, inPlace: single });
    const running = statistics.map(({ name }) => name);
    // The states of recurrent nodes are among the slots: zero at first, saved and restored like them.
    const slots = Object.values(carry).filter((name) => !parameterNames.includes(name) && !running.includes(name));
    const trainer = new Trainer({
      program,
      parameterNames,
      statistics: running,
      slots,
      states,
      dropout,
      feeds,
      feed: { inputs, targets },
      options,
    });
    trainer.mask(masks);
    const initial = parametersOf(source, parameterNames);
    for (const [name, tensor] of options.splicing ? initial : applyMasks(initial, masks)) program.load(name, tensor);
    for (const [name, tensor] of parametersOf(source, running)) program.load(name, tensor);
    return trainer;
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
    for (const { name, dims } of this.#states) this.#program.load(name, float32(dims));
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
      for (const { name, ratio, ratioInput, noiseInput } of this.#dropout) {
        this.#feeds.floats(ratioInput, i)[0] = this.#ratios.get(name) ?? ratio;
        random(this.#seed, "dropout", name, this.#iteration).fill(this.#feeds.floats(noiseInput, i));
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
    return this.#readAll(this.#statistics);
  }

  /** A copy of all that the next step depends on. */
  async state(): Promise<TrainerState> {
    return {
      iteration: this.#iteration,
      parameters: await this.parameters(),
      statistics: await this.statistics(),
      slots: await this.#readAll(this.#slots),
      masks: this.#masks,
    };
  }

  /**
   * Puts the trainer into a state that {@link state} gave.
   * @throws UserError when the state is that of another network or optimizer
   */
  restore({ iteration, parameters, statistics, slots, masks }: TrainerState): void {
    for (const [names, tensors] of [
      [this.parameterNames, parameters],
      [this.#statistics, statistics],
      [this.#slots, slots],
    ] as const) {
      for (const name of names) {
        const tensor = tensors.get(name);
        if (!tensor)
          throw new UserError(
            `The saved state has no "${name}": resume with the network and options it was saved with.`,
          );
        this.#program.load(name, tensor);
      }
    }
    this.mask(masks);
    this.#iteration = iteration;
  }

  /** Frees what the compiled step holds. */
  async release(): Promise<void> {
    await this.#program.release();
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

/** The parameters that the task's outputs depend on: all of a network's, or the first. */
function trained(
  model: TypedModel,
  free: readonly string[],
  { rules, task }: Pick<TrainerOptions, "rules"> & { readonly task: Task },
): string[] {
  const own = task.form.kind === "all" ? model.outputs : model.outputs.slice(0, 1);
  const learning = own.filter(({ dtype }) => dtype === "float32");
  const found = new Set(learning.flatMap(({ name }) => reachedByGradient(model, name, free, rules)));
  const reached = free.filter((name) => found.has(name));
  if (reached.length > 0) return reached;
  throw new UserError(
    `The output of "${model.name}" depends on no float32 parameter that is free to change: nothing can be trained.`,
  );
}
