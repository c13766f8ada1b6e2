import type { LearningData } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { freeBatch } from "../engine/free-batch.ts";
import { simplify } from "../engine/simplify.ts";
import { UserError } from "../errors.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { isInRows } from "./batch.ts";
import { conversionNotes } from "./bind.ts";
import { withComputedWeights } from "./computed-weights.ts";
import type { Head } from "./heads.ts";
import { type OutputForm, SCORES, taken } from "./outputs.ts";
import { forSamples } from "./samples.ts";
import { stateNotes } from "./states.ts";
import { type TrainableForm, trainableForm } from "./trainable-form.ts";
import { untreated } from "./untreated.ts";

export interface AdoptOptions {
  /** The data whose samples it takes, for inputs that leave sizes open; default: they leave none open but the batch. */
  readonly data?: Pick<LearningData, "name" | "inputs"> & Partial<Pick<LearningData, "train">>;
  /** What is taken for its output; default: class scores. */
  readonly form?: OutputForm;
  /** The output to take; default: the first of that form. */
  readonly output?: string;
}

/** A network from elsewhere, ready to be evaluated and trained. */
export interface Adopted extends TrainableForm {
  /** What was done to it, in sentences. */
  readonly notes: readonly string[];
  /** What its outputs are, where all were taken: typed for `samples` of them. */
  readonly heads?: readonly Head[];
  readonly samples: number;
}

/**
 * Makes a network that was exported elsewhere one that can be evaluated, pruned and trained here: float32 weights in
 * initializers, inputs in their own element types whose batch is open, and one output, such as class scores before any
 * Softmax. Recurrent nodes have no inputs for their state: it is carried.
 * @throws UserError for inputs that the data has nothing for, an open size that nothing settles, or no such output
 */
export async function adopt(engine: Engine, source: Model, options: AdoptOptions = {}): Promise<Adopted> {
  const { data, form: wanted = SCORES, output } = options;
  const computed = await withComputedWeights(engine, source);
  const form = trainableForm(computed.model);
  const fed = data ? forSamples(form.model, data) : form.model;
  if (fedInputs(fed).length === 0) {
    throw new UserError(`The network "${source.name}" has no inputs: export it with its samples as one.`);
  }
  const { model, typed, fixed, notes } = await opened(engine, fed, wanted);
  notes.unshift(...computed.notes);
  notes.push(...untreated(typed, false));
  if (data) notes.push(...conversionNotes(model, data), ...stateNotes(form.model, data));
  const found = taken(typed, wanted, output);
  notes.push(...found.notes);
  const samples = fedInputs(typed)[0].shape[0];
  const outputs = found.model.outputs.map(({ shape = [], ...value }) => {
    if (wanted.kind === "all" && shape[0] !== samples) return value;
    return { ...value, shape: [fixed ?? "batch", ...shape.slice(1)] };
  });
  const adopted = { ...found.model, inputs: model.inputs, outputs, values: new Map() };
  return { ...form, model: adopted, notes, heads: found.heads, samples };
}

/** All outputs are had of any batch only where each has its samples one behind the other; else of one. */
async function opened(engine: Engine, fed: Model, { kind }: OutputForm): Promise<Open> {
  const open = await withOpenBatch(engine, fed);
  if (kind !== "all" || open.fixed !== undefined || (await isInRows(engine, open.model))) return open;
  const inputs = new Set(fedInputs(fed).map(({ name }) => name));
  const model = {
    ...fed,
    inputs: fed.inputs.map((input) =>
      inputs.has(input.name) ? { ...input, shape: [1, ...(input.shape ?? []).slice(1)] } : input,
    ),
  };
  const typed = await simplify(engine, model, { batch: 1 });
  return { model, typed, fixed: 1, notes: ["Samples are run one by one: some outputs have no axis for them."] };
}

interface Open {
  readonly model: Model;
  /** The model for a batch of some size. */
  readonly typed: TypedModel;
  /** The size of the batch where it could not be opened. */
  readonly fixed?: number;
  readonly notes: string[];
}

/** Any batch but one, which exports that are wrong about it may happen to fit. */
const BATCH = 2;

async function withOpenBatch(engine: Engine, model: Model): Promise<Open> {
  const size = fedInputs(model)
    .map(({ shape: [first] = [] }) => first)
    .find((first) => typeof first === "number");
  if (size === undefined) {
    try {
      const typed = await simplify(engine, model, { batch: BATCH });
      return { model, typed, notes: [] };
    } catch (error) {
      // The batch may be declared to be open, and something inside have the size of one sample.
      const single = await simplify(engine, model, { batch: 1 });
      const freed = await freeBatch(engine, model, single);
      if (!("model" in freed)) throw error;
      return { ...freed, notes: ["Shapes inside that are for a batch of 1 are opened."] };
    }
  }
  const typed = await simplify(engine, model, { batch: size });
  const freed = await freeBatch(engine, model, typed);
  if ("model" in freed) return { ...freed, notes: [`The batch, exported as ${size}, is opened.`] };
  return { model, typed, fixed: size, notes: [`The batch stays at ${size}, as exported: ${freed.reason}.`] };
}
