import type { Dataset, Split } from "../data/dataset.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine, Program } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import { copyModel, fedInputs, type Model } from "../onnx/graph.ts";
import { float32, sizeOf } from "../onnx/tensor.ts";
import { checkData } from "./check-data.ts";
import type { Parameters } from "./parameters.ts";

/** How well a network does on a split. Percentages are 0 to 100. */
export interface Evaluation {
  readonly samples: number;
  /** Samples whose label has the highest score, percent. */
  readonly top1: number;
  /** Samples whose label is among the five highest scores, percent. */
  readonly top5: number;
  /** 100 - top1. */
  readonly error: number;
  /** Mean softmax cross-entropy. */
  readonly loss: number;
}

const EVALUATION_BATCH = 250;

/** A network ready to be evaluated with any values of its parameters: one compiled graph for all. */
export class Evaluator {
  readonly #program: Program;
  readonly #input: string;
  readonly #shape: readonly number[];
  readonly #output: string;

  private constructor(program: Program, input: string, shape: readonly number[], output: string) {
    this.#program = program;
    this.#input = input;
    this.#shape = shape;
    this.#output = output;
  }

  /**
   * @param parameters the initializers that {@link load} may replace
   * @throws UserError when the data does not fit the network
   */
  static async create(
    engine: Engine,
    model: Model,
    data: Dataset,
    parameters: Iterable<string> = [],
    batch = EVALUATION_BATCH,
  ): Promise<Evaluator> {
    const forward = copyModel(await annotate(engine, model, { batch }));
    checkData(forward, data);
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
    const input = fedInputs(forward).find(({ name }) => !resident.includes(name));
    if (!input) throw new UserError(`The network "${model.name}" has no input: nothing can be evaluated.`);
    const output = forward.outputs[0].name;
    forward.outputs = forward.outputs.slice(0, 1);
    const program = await engine.compile(forward, { resident });
    for (const [name, tensor] of initial) program.load(name, tensor);
    return new Evaluator(program, input.name, (input.shape ?? []).map(Number), output);
  }

  /** Replaces parameters. */
  load(parameters: Parameters): void {
    for (const [name, tensor] of parameters) this.#program.load(name, tensor);
  }

  /** Runs a whole split and counts. */
  async evaluate(split: Split): Promise<Evaluation> {
    const batch = this.#shape[0];
    const inputs = new Float32Array(sizeOf(this.#shape));
    const labels = new Int32Array(batch);
    const totals = { top1: 0, top5: 0, loss: 0 };
    for (let start = 0; start < split.size; start += batch) {
      const count = Math.min(batch, split.size - start);
      split.read(
        Uint32Array.from({ length: count }, (_, i) => start + i),
        inputs,
        labels,
      );
      const outputs = await this.#program.run({ [this.#input]: float32(this.#shape, inputs) });
      const { data, dims } = outputs[this.#output];
      const classes = sizeOf(dims) / batch;
      for (let i = 0; i < count; i++) tally(totals, data as Float32Array, i * classes, classes, labels[i]);
    }
    const percent = (count: number) => (100 * count) / split.size;
    return {
      samples: split.size,
      top1: percent(totals.top1),
      top5: percent(totals.top5),
      error: percent(split.size - totals.top1),
      loss: totals.loss / split.size,
    };
  }

  async release(): Promise<void> {
    await this.#program.release();
  }
}

function tally(
  totals: { top1: number; top5: number; loss: number },
  scores: Float32Array,
  start: number,
  classes: number,
  label: number,
): void {
  const own = scores[start + label];
  let higher = 0;
  let largest = Number.NEGATIVE_INFINITY;
  for (let c = start; c < start + classes; c++) {
    if (scores[c] > own || (scores[c] === own && c < start + label)) higher++;
    if (scores[c] > largest) largest = scores[c];
  }
  let sum = 0;
  for (let c = start; c < start + classes; c++) sum += Math.exp(scores[c] - largest);
  totals.loss += Math.log(sum) + largest - own;
  // A score that is not a number is above nothing and must not count as right.
  if (higher === 0 && own === largest) totals.top1++;
  if (higher < 5 && !Number.isNaN(own)) totals.top5++;
}
