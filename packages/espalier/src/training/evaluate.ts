import { carriedStates } from "../adoption/states.ts";
import { batchFor, batchOf, type Dataset, type LearningData, RUNS_AHEAD, type Split } from "../data/dataset.ts";
import { routed } from "../data/routes.ts";
import { batches, isSequence, streams, withNext } from "../data/streams.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { copyModel, fedInputs, type Model, typeOf } from "../onnx/graph.ts";
import { float32, type NumericTensor } from "../onnx/tensor.ts";
import type { TypedValue } from "../onnx/typed.ts";
import { taskFor } from "../tasks/index.ts";
import type { Measured } from "../tasks/measure.ts";
import type { MeanLoss, Task } from "../tasks/task.ts";
import { type CarriedState, exposeState } from "./carried-state.ts";
import { checkTargets } from "./check-data.ts";
import { type Feed, fedTensors, routesFor, targetOf } from "./feeding.ts";
import { notFinite } from "./not-finite.ts";
import { OpenNetwork } from "./open-network.ts";
import type { Parameters } from "./parameters.ts";

/** How well a network does on a split: its loss, and what the task's measure says. */
export interface Evaluation extends MeanLoss, Measured {}

/** A batch that was run. */
export interface RunBatch {
  /** The network's outputs [batch, ...]. */
  readonly outputs: readonly NumericTensor[];
  /** What was fed, targets among it, until the next batch. */
  readonly fed: Readonly<Record<string, NumericTensor>>;
  /** Samples of the split in the batch: the first ones. */
  readonly samples: number;
  /** Their places in the split. */
  readonly indices: Uint32Array;
  /** Samples in all, with those that fill the batch up. */
  readonly batch: number;
}

/** How a network is evaluated. */
export interface EvaluatorOptions {
  /** Samples that are run at a time; default: as many as their size allows. */
  readonly batch?: number;
  /** What the network is for; default: what the data says. */
  readonly task?: Task;
}

/** A network ready to be evaluated with any values of its parameters. */
export class Evaluator {
  readonly task: Task;
  readonly #network: OpenNetwork;
  readonly #data: LearningData;
  readonly #inputs: readonly TypedValue[];
  readonly #outputs: readonly TypedValue[];
  readonly #states: readonly CarriedState[];

  private constructor(parts: {
    task: Task;
    network: OpenNetwork;
    data: LearningData;
    inputs: readonly TypedValue[];
    outputs: readonly TypedValue[];
    states: readonly CarriedState[];
  }) {
    this.task = parts.task;
    this.#network = parts.network;
    this.#data = parts.data;
    this.#inputs = parts.inputs;
    this.#outputs = parts.outputs;
    this.#states = parts.states;
  }

  /**
   * @param parameters the initializers that {@link load} may replace
   * @throws UserError when the data does not fit the network
   */
  static async create(
    engine: Engine,
    model: Model,
    data: LearningData,
    parameters: Iterable<string> = [],
    { batch = batchFor(data), task = taskFor(data) }: EvaluatorOptions = {},
  ): Promise<Evaluator> {
    const annotated = await annotate(engine, model, { batch });
    // States that the network gives back are carried like those of its recurrent nodes.
    const given = isSequence(data.validation) ? carriedStates(annotated, data) : [];
    const [before, after] = [new Set(given.map(({ input }) => input)), new Set(given.map(({ output }) => output))];
    const inputs = fedInputs(annotated).filter(({ name }) => !before.has(name));
    if (inputs.length === 0) throw new UserError(`The network "${model.name}" has no input: nothing can be evaluated.`);
    const outputs = annotated.outputs.filter(({ name }) => !after.has(name));
    routesFor({ inputs, targets: [] }, data);
    // Data without targets is enough to run a network on.
    if (data.targets.length > 0) routesFor({ inputs, targets: task.targets(outputs) }, data);
    const forward = copyModel(annotated);
    const exposed = isSequence(data.validation) ? exposeState(new GraphBuilder(forward), annotated) : [];
    const states = [
      ...exposed,
      ...given.map(({ input, output }) => ({ name: input, next: output, dims: typeOf(annotated, input).dims })),
    ];
    forward.outputs = [
      ...outputs,
      ...states.map(({ next, dims }) => ({ name: next, dtype: "float32" as const, shape: dims })),
    ];
    const carry = Object.fromEntries(states.map(({ name, next }) => [next, name]));
    const open = { model: forward, carry, parameters: [...parameters] };
    const network = await OpenNetwork.create(engine, annotated, open);
    return new Evaluator({ task, network, data, inputs, outputs, states });
  }

  /** Replaces parameters. */
  load(parameters: Parameters): void {
    this.#network.load(parameters);
  }

  /**
   * Runs a whole split and measures.
   * @throws UserError when the data has no targets for that; the signal's reason
   */
  async evaluate(split: Split, signal?: AbortSignal): Promise<Evaluation> {
    const { task } = this;
    const targets = task.targets(this.#outputs);
    const [losses, measures] = [task.lossTally(), task.measure.tally(split)];
    const { checkTarget } = task;
    let first = 0;
    const run = this.#run(split, { inputs: this.#inputs, targets }, signal);
    for await (const { outputs, fed, samples, batch: rows } of run) {
      const [target] = targets;
      if (checkTarget && target) {
        const at = { name: this.#data.name, target: target.name, first, samples };
        checkTargets(fed[targetOf(target.name)], checkTarget, at);
      }
      first += samples;
      const batch = { outputs, targets: targets.map(({ name }) => fed[targetOf(name)]), samples, batch: rows };
      losses.add(batch);
      measures.add(batch);
    }
    return { ...losses.result(), ...measures.result() };
  }

  /**
   * Runs a whole split, a text from its beginning, without its targets.
   * @yields each batch
   * @throws UserError for a split without samples; the signal's reason
   */
  outputs(split: Split, signal?: AbortSignal): AsyncGenerator<RunBatch> {
    return this.#run(split, { inputs: this.#inputs, targets: [] }, signal);
  }

  async *#run(split: Split, feed: Feed, signal: AbortSignal | undefined): AsyncGenerator<RunBatch> {
    checkSize(split, this.#data);
    const [batch] = this.#inputs[0].shape;
    const own = routed(split, routesFor(feed, this.#data));
    const { tensors, arrays } = batchOf(fedTensors(feed), batch);
    const feeds = Object.fromEntries(this.#inputs.map(({ name }) => [name, tensors[name]]));
    const order = isSequence(split) ? streams(split, batch, false) : batches(split.size, batch);
    const { program, giveBack } = await this.#network.lend(split.size);
    try {
      for (const next of withNext(order, RUNS_AHEAD)) {
        const [{ samples, begins }] = next;
        signal?.throwIfAborted();
        own.prepare?.(next.flatMap((one) => [...one.samples]));
        if (begins) for (const { name, dims } of this.#states) program.load(name, float32(dims));
        await own.read(samples, arrays);
        const results = await program.run(feeds);
        const outputs = this.#outputs.map(({ name }) => results[name]);
        yield { outputs, fed: tensors, samples: samples.length, indices: samples, batch };
      }
    } finally {
      await giveBack();
    }
  }

  /** Frees what the compiled graph holds. */
  async release(): Promise<void> {
    await this.#network.release();
  }
}

/** @throws UserError for a split without samples: nothing can be told from them */
export function checkSize(split: Split, { name, train, validation }: LearningData): void {
  if (split.size > 0) return;
  const part = split === train ? "training" : split === validation ? "validation" : "test";
  throw new UserError(`${name} has no ${part} samples: give some.`);
}

/**
 * Evaluates a network on one split.
 * @throws UserError when the data does not fit the network, or the measure or the loss is not finite; the signal's reason
 */
export async function evaluate(
  engine: Engine,
  model: Model,
  data: LearningData,
  split: Split,
  task: Task = taskFor(data),
  signal?: AbortSignal,
): Promise<Evaluation> {
  const evaluator = await Evaluator.create(engine, model, data, [], { task });
  try {
    const result = await evaluator.evaluate(split, signal);
    if (Number.isFinite(result.value) && Number.isFinite(result.loss)) return result;
    throw await notFinite(
      data,
      split,
      `The outputs of the network "${model.name}" are not finite on samples of ${data.name} that are: check its weights.`,
    );
  } finally {
    await evaluator.release();
  }
}

/** The measure on the splits that a network does not learn from. */
export interface Quality {
  readonly validation: number;
  readonly test: number;
}

/** All that is measured on the splits that a network does not learn from. */
export interface Evaluations {
  readonly validation: Evaluation;
  readonly test: Evaluation;
}

/**
 * Reads the test split, so once for a network: when every choice is made.
 * @throws UserError as {@link evaluate} does; the signal's reason
 */
export async function evaluationsOf(
  engine: Engine,
  model: Model,
  data: Dataset,
  task: Task = taskFor(data),
  signal?: AbortSignal,
): Promise<Evaluations> {
  return {
    validation: await evaluate(engine, model, data, data.validation, task, signal),
    test: await evaluate(engine, model, data, data.test, task, signal),
  };
}

/** The measure alone of {@link evaluationsOf}. */
export async function qualityOf(
  engine: Engine,
  model: Model,
  data: Dataset,
  task: Task = taskFor(data),
): Promise<Quality> {
  return valuesOf(await evaluationsOf(engine, model, data, task));
}

/** The measure of evaluations. */
export function valuesOf({ validation, test }: Evaluations): Quality {
  return { validation: validation.value, test: test.value };
}
