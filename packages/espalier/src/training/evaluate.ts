import { batchFor, type Dataset, type LearningData, labelsFor, type Split } from "../data/dataset.ts";
import { batches, isSequence, streams } from "../data/streams.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine, Program } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { copyModel, fedInputs, type Model } from "../onnx/graph.ts";
import { float32, type NumericTensor, sizeOf } from "../onnx/tensor.ts";
import { type CarriedState, exposeState } from "./carried-state.ts";
import { checkData } from "./check-data.ts";
import type { Parameters } from "./parameters.ts";
import { type Evaluation, Tally } from "./tally.ts";

/** A network ready to be evaluated with any values of its parameters: one compiled graph for all. */
export class Evaluator {
  readonly #program: Program;
  readonly #input: string;
  readonly #shape: readonly number[];
  readonly #output: string;
  readonly #states: readonly CarriedState[];

  private constructor(
    program: Program,
    input: string,
    shape: readonly number[],
    output: string,
    states: readonly CarriedState[],
  ) {
    this.#program = program;
    this.#input = input;
    this.#shape = shape;
    this.#output = output;
    this.#states = states;
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
    batch = batchFor(data),
  ): Promise<Evaluator> {
    const annotated = await annotate(engine, model, { batch });
    checkData(annotated, data);
    const forward = copyModel(annotated);
    const resident = [...parameters];
    const initial = resident.map((name) => {
      const tensor = model.initializers.get(name);
      if (!tensor || tensor.dtype === "string")
        throw new UserError(`The network has no parameter "${name}": check its name.`);
      forward.initializers.delete(name);
      forward.inputs = forward.inputs.filter((input) => input.name !== name);
      forward.inputs.push({ name, dtype: tensor.dtype, shape: tensor.dims });
      return [name, tensor] as const;
    });
    const [input] = fedInputs(annotated);
    if (!input) throw new UserError(`The network "${model.name}" has no input: nothing can be evaluated.`);
    const output = forward.outputs[0].name;
    const states = isSequence(data.validation) ? exposeState(new GraphBuilder(forward), annotated) : [];
    forward.outputs = [
      forward.outputs[0],
      ...states.map(({ next, dims }) => ({ name: next, dtype: "float32" as const, shape: dims })),
    ];
    const carry = Object.fromEntries(states.map(({ name, next }) => [next, name]));
    const program = await engine.compile(forward, { resident, carry });
    for (const [name, tensor] of initial) program.load(name, tensor);
    return new Evaluator(program, input.name, input.shape, output, states);
  }

  /** Replaces parameters. */
  load(parameters: Parameters): void {
    for (const [name, tensor] of parameters) this.#program.load(name, tensor);
  }

  /** Runs a whole split and counts. */
  async evaluate(split: Split): Promise<Evaluation> {
    const tally = new Tally();
    for await (const { scores, labels } of this.scores(split)) tally.add(scores, labels);
    return tally.evaluation();
  }

  /**
   * Runs a whole split, a text from its beginning.
   * @yields the scores [batch, classes] of each batch, and the labels of those samples that are in the split
   */
  async *scores(split: Split): AsyncGenerator<{ readonly scores: NumericTensor; readonly labels: Int32Array }> {
    const batch = this.#shape[0];
    const inputs = new Float32Array(sizeOf(this.#shape));
    const labels = labelsFor(split, batch);
    for (const { name, dims } of this.#states) this.#program.load(name, float32(dims));
    for (const samples of isSequence(split) ? streams(split.size, batch, false) : batches(split.size, batch)) {
      await split.read(samples, inputs, labels);
      const outputs = await this.#program.run({ [this.#input]: float32(this.#shape, inputs) });
      yield { scores: outputs[this.#output], labels: labels.subarray(0, (samples.length * labels.length) / batch) };
    }
  }

  async release(): Promise<void> {
    await this.#program.release();
  }
}

/** Evaluates a network on one split. */
export async function evaluate(engine: Engine, model: Model, data: LearningData, split: Split): Promise<Evaluation> {
  const evaluator = await Evaluator.create(engine, model, data);
  try {
    return await evaluator.evaluate(split);
  } finally {
    await evaluator.release();
  }
}

/** Errors on the splits that a network does not learn from, percent. */
export interface Errors {
  readonly validationError: number;
  readonly testError: number;
}

/** Reads the test split, so once for a network: when every choice is made. */
export async function errorsOf(engine: Engine, model: Model, data: Dataset): Promise<Errors> {
  const { error: validationError } = await evaluate(engine, model, data, data.validation);
  const { error: testError } = await evaluate(engine, model, data, data.test);
  return { validationError, testError };
}
