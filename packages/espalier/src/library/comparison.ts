import { batchThatFits } from "../adoption/batch.ts";
import { type Head, headsOf } from "../adoption/heads.ts";
import { forSamples, forStream } from "../adoption/samples.ts";
import { carriedStates } from "../adoption/states.ts";
import { batchFor, type Dataset, type Split } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { simplify } from "../engine/simplify.ts";
import type { Model } from "../onnx/graph.ts";
import type { NumericTensor } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";
import type { Fidelity, FidelityMeasured, OutputFidelity } from "../tasks/fidelity/fidelity.ts";
import { Blanks, judgedBy } from "../tasks/fidelity/judged.ts";
import type { Measure } from "../tasks/measure.ts";
import { checkSize, Evaluator } from "../training/evaluate.ts";
import { notFinite } from "../training/not-finite.ts";
import { checkWeights } from "./network.ts";
import { checkSizes, orderOf } from "./same-outputs.ts";

type Part = "train" | "validation" | "test";

/** On what, and by what networks are compared. */
export interface ComparisonOptions {
  readonly split: Part;
  /** A name, or a measure of the user's own; default: what each output says. */
  readonly measure?: string | Measure;
  readonly signal?: AbortSignal;
  /** Is told, once each, what was chosen. */
  readonly onNote?: (text: string) => void;
}

/** How far a network's outputs are those of another. */
export interface EvaluateAgainstResult {
  readonly samples: number;
  /** In percent: of several outputs that of the worst. */
  readonly fidelity: number;
  /** One standard error of it, from so many samples. */
  readonly standardError: number;
  /** By what the networks were compared. */
  readonly measure: Measure;
  readonly outputs: readonly OutputFidelity[];
}

/** Samples of which the reference's outputs tell what they are. */
const LOOK = 32;

/** What the reference said of the samples, and by what others are judged. */
interface Reference {
  readonly batch: number;
  readonly fidelity: Fidelity;
  /** The outputs of each batch; undefined where they have no room, and are computed each time. */
  readonly outputs?: readonly (readonly NumericTensor[])[];
}

/** Numbers of the reference's outputs that are kept from one network to the next: 256 MB of float32. */
const MOST_KEPT = 2 ** 26;

/** Compares several networks with one, whose outputs are computed once where there is room for them. */
export class Comparison {
  readonly #engine: Engine;
  readonly #against: Model;
  readonly #right: Model;
  readonly #data: Dataset;
  readonly #part: Part;
  readonly #wanted: string | Measure | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #note: (text: string) => void;
  #single: Promise<TypedModel> | undefined;
  #reference: Reference | undefined;

  /** @throws UserError for a part without samples, or data that does not fit the network whose outputs are right */
  constructor(engine: Engine, against: Model, given: Dataset, { measure, split, signal, onNote }: ComparisonOptions) {
    this.#engine = engine;
    this.#against = against;
    this.#data = { ...given, targets: [] };
    this.#part = split;
    this.#wanted = measure;
    this.#signal = signal;
    this.#note = once((text) => onNote?.(text));
    checkWeights(against);
    this.#right = forSamples(against, this.#data);
    checkSize(this.#split, given);
    for (const { input, output } of carriedStates(against, this.#data)) {
      this.#note(
        this.#split.stream
          ? `The state "${input}" is carried: it is zero where a recording begins, then what "${output}" gives, which is not compared.`
          : `The state "${input}" is zero for each sample, and what becomes of it, "${output}", is not compared.`,
      );
    }
  }

  get #split(): Split {
    return this.#data[this.#part];
  }

  /**
   * How far the outputs of a network are those of the reference.
   * @throws UserError where they do not fit each other, or are not finite; the signal's reason
   */
  async with(model: Model): Promise<EvaluateAgainstResult> {
    const [data, split] = [this.#data, this.#split];
    checkWeights(model);
    const own = forSamples(model, data);
    this.#single ??= simplify(this.#engine, this.#right, { batch: 1 });
    const single = await this.#single;
    const heads = headsOf(single);
    const order = orderOf(own, this.#right);
    const fits = await batchThatFits(this.#engine, this.#right, single, Math.min(batchFor(data), split.size));
    const batch = await batchThatFits(this.#engine, own, single, fits);
    const evaluators: Evaluator[] = [];
    const evaluatorOf = async (network: Model, alone: Model) => {
      const run = split.stream ? forStream(network, data) : alone;
      const made = await Evaluator.create(this.#engine, run, data, [], { batch });
      evaluators.push(made);
      return made;
    };
    try {
      const known = this.#reference?.batch === batch ? this.#reference : undefined;
      const teacher = known?.outputs ? undefined : await evaluatorOf(this.#against, this.#right);
      const evaluator = await evaluatorOf(model, own);
      const fidelity = known?.fidelity ?? (await this.#fidelity(heads, teacher));
      const targets = known?.outputs ? known.outputs.values() : outputsOf(teacher, split);
      const kept: (readonly NumericTensor[])[] = [];
      let room = MOST_KEPT;
      const tally = fidelity.tally(split);
      let samples = 0;
      for await (const result of evaluator.outputs(split)) {
        this.#signal?.throwIfAborted();
        const { value } = await targets.next();
        if (!value) break;
        const outputs = order.map((place) => result.outputs[place]);
        checkSizes(heads, outputs, value);
        tally.add({ outputs, targets: value, samples: result.samples, batch });
        samples += result.samples;
        room -= value.reduce((sum, { data }) => sum + data.length, 0);
        if (room >= 0) kept.push(value);
      }
      this.#reference = { batch, fidelity, outputs: room >= 0 ? kept : undefined };
      return this.#resultOf(fidelity, tally.result(), samples);
    } finally {
      for (const evaluator of evaluators) await evaluator.release();
    }
  }

  async #fidelity(heads: readonly Head[], reference: Evaluator | undefined): Promise<Fidelity> {
    const blanks = new Blanks(heads);
    let looked = 0;
    const looks = this.#wanted === undefined && reference ? reference.outputs(this.#split) : [];
    for await (const { outputs, samples, batch } of looks) {
      blanks.add(outputs, samples, batch);
      looked += samples;
      if (looked >= LOOK) break;
    }
    return judgedBy(heads, this.#wanted, (i) => blanks.partOf(i), this.#note);
  }

  async #resultOf(
    measure: Fidelity,
    { figures, outputs }: FidelityMeasured,
    samples: number,
  ): Promise<EvaluateAgainstResult> {
    if (![figures.fidelity, ...outputs.map(({ relativeError }) => relativeError)].every(Number.isFinite)) {
      throw await notFinite(
        this.#data,
        this.#split,
        "The outputs cannot be compared, as some are not finite, or all of the reference's are zero: check the networks' weights.",
      );
    }
    for (const { name, measure: by, empty } of outputs) {
      if (empty) this.#note(`In none of the ${samples} samples does ${by} find anything to compare in "${name}".`);
    }
    const { fidelity, standardError } = figures;
    return { samples, fidelity, standardError, measure, outputs };
  }
}

/** Tells each sentence once. */
function once(tell: (text: string) => void): (text: string) => void {
  const told = new Set<string>();
  return (text) => {
    if (told.has(text)) return;
    told.add(text);
    tell(text);
  };
}

async function* outputsOf(evaluator: Evaluator | undefined, split: Split) {
  if (evaluator) for await (const { outputs } of evaluator.outputs(split)) yield outputs;
}
