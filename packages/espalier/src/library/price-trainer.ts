import { encode } from "../coding/encode.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { type AddBits, type Rated, rated } from "../sharing/rate/rated.ts";
import type { TrialNetwork } from "../sharing/rate/state.ts";
import { type RateTraining, trainAtPrice } from "../sharing/rate/train-at-price.ts";
import { densityOf } from "../sharing/scaled/rounded.ts";
import type { EpochsState } from "../training/epochs.ts";
import { Evaluator } from "../training/evaluate.ts";
import { learnedTensors, type Parameters, withParameters } from "../training/parameters.ts";
import { withoutDead } from "./compact.ts";
import type { Hooks } from "./hooks.ts";
import type { PreparedTask } from "./prepare-task.ts";

/** A trial that nobody has judged. */
export interface Unjudged {
  readonly trial: Omit<TrialNetwork["trial"], "accepted">;
  readonly parameters: Parameters;
}

/** Trains a network at prices of a bit, and knows it in all its forms. */
export class PriceTrainer {
  readonly network: Rated;
  readonly #engine: Engine;
  readonly #prepared: PreparedTask;
  readonly #training: RateTraining;
  readonly #hooks: Hooks;
  /** Of the network as it is trained, and as it is written. */
  readonly #evaluators: readonly [Evaluator, Evaluator];

  private constructor(
    engine: Engine,
    prepared: PreparedTask,
    training: RateTraining,
    hooks: Hooks,
    network: Rated,
    evaluators: readonly [Evaluator, Evaluator],
  ) {
    this.network = network;
    this.#engine = engine;
    this.#prepared = prepared;
    this.#training = training;
    this.#hooks = hooks;
    this.#evaluators = evaluators;
  }

  /** @param bitsOf what codes cost; default: what a coder makes of them */
  static async create(
    engine: Engine,
    prepared: PreparedTask,
    training: RateTraining,
    hooks: Hooks,
    bitsOf?: AddBits,
  ): Promise<PriceTrainer> {
    const { adopted, data, task } = prepared;
    const network = rated(adopted.model, bitsOf);
    const evaluator = (model: Model) => Evaluator.create(engine, model, data, learnedTensors(model), { task });
    const trained = await evaluator(network.plain);
    const written = await evaluator(adopted.model);
    return new PriceTrainer(engine, prepared, training, hooks, network, [trained, written]);
  }

  /** The measure of the network as it came, on the validation split. */
  async baseline(): Promise<number> {
    const [, evaluator] = this.#evaluators;
    return (await evaluator.evaluate(this.#prepared.data.validation, this.#hooks.signal)).value;
  }

  /**
   * Trains at a price.
   * @param before what training begins from; default: the network as it came
   * @param resume a training at that price that was stopped
   * @param onEpoch is given all that is needed to resume
   */
  async train(
    lambda: number,
    before: TrialNetwork | undefined,
    resume: EpochsState | undefined,
    onEpoch: (state: EpochsState) => void | Promise<void>,
  ): Promise<Unjudged> {
    const { data, task } = this.#prepared;
    const { signal, onProgress } = this.#hooks;
    const [evaluator, written] = this.#evaluators;
    const { epochs } = this.#training;
    const round = `lambda ${lambda.toPrecision(3)}`;
    const result = await trainAtPrice(this.#engine, this.network, data, task, evaluator, {
      start: before?.parameters,
      price: { from: before?.trial.lambda ?? 0, to: lambda },
      training: this.#training,
      resume,
      signal,
      onProgress: (steps) => onProgress?.({ kind: "steps", round, steps }),
      async onEpoch(state) {
        const epoch = state.history.at(-1);
        if (epoch) onProgress?.({ kind: "epoch", round, epoch, epochs });
        await onEpoch(state);
      },
    });
    if (result.aborted) {
      await onEpoch(result);
      throw signal?.reason;
    }
    const { parameters } = result.best ?? { parameters: new Map() };
    written.load(this.#prepared.adopted.rounded(this.network.parametersOf(parameters)));
    const { value: validation } = await written.evaluate(data.validation, signal);
    const { bytes } = await this.file(parameters);
    const density = densityOf(this.network.codesOf(parameters));
    return { trial: { lambda, bytes, density, validation }, parameters };
  }

  /** A network as it is evaluated: that of its file. */
  evaluated(parameters: Parameters): Model {
    const { model, rounded } = this.#prepared.adopted;
    return withParameters(model, rounded(this.network.parametersOf(parameters)));
  }

  /** A network in the form of its file, without its dead units where that makes it smaller, and what the file takes. */
  async file(parameters: Parameters): Promise<{ readonly model: Model; readonly bytes: number }> {
    const coded = (model: Model) => ({ model, bytes: encode(model).length });
    const model = this.#prepared.adopted.restore(this.network.parametersOf(parameters));
    const whole = coded(model);
    const lean = await withoutDead(this.#engine, model, this.#prepared.data, () => {});
    if (lean === model) return whole;
    const smaller = coded(lean);
    return smaller.bytes < whole.bytes ? smaller : whole;
  }

  async release(): Promise<void> {
    for (const evaluator of this.#evaluators) await evaluator.release();
  }
}
