import type { Engine } from "../engine/engine.ts";
import { freeBatch } from "../engine/free-batch.ts";
import { simplify } from "../engine/simplify.ts";
import { UserError } from "../errors.ts";
import { fedInputs, type Model, type Value } from "../onnx/graph.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { forSamples, type SampleForm } from "./samples.ts";
import { withScores } from "./scores.ts";
import { type TrainableForm, trainableForm } from "./trainable-form.ts";

/** How samples come, for inputs that leave sizes open or are several. */
export interface AdoptOptions extends Partial<SampleForm> {
  /** The output with the class scores; default: the first that looks like them. */
  readonly output?: string;
}

/** A network from elsewhere, ready to be evaluated and trained. */
export interface Adopted extends TrainableForm {
  /** What was done to it, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Makes a classifier that was exported elsewhere one that can be evaluated, pruned and trained here: float32 weights in
 * initializers, one input whose batch is open, and class scores before any Softmax as the only output. Where samples are
 * sequences, tokens are numbers like all samples, and recurrent nodes have no inputs for their state: it is carried.
 * @throws UserError for a network with another number of inputs, an open size that nothing settles, or no class scores
 */
export async function adopt(engine: Engine, source: Model, options: AdoptOptions = {}): Promise<Adopted> {
  const form = trainableForm(source);
  const fed = forSamples(form.model, options);
  onlyInput(fed);
  const { model, typed, fixed, notes } = await withOpenBatch(engine, fed);
  const scored = withScores(typed, options.output, options.labels);
  if (scored.probabilities) {
    notes.push(`The scores are taken before the ${scored.probabilities} that the output "${scored.output}" ends in.`);
  }
  if (source.outputs.length > 1) {
    notes.push(`Of ${source.outputs.length} outputs, "${scored.output}" is taken for the class scores.`);
  }
  const outputs = scored.model.outputs.map(({ shape = [], ...output }) => ({
    ...output,
    shape: [fixed ?? "batch", ...shape.slice(1)],
  }));
  const adopted = { ...scored.model, inputs: model.inputs, outputs, values: new Map() };
  return { ...form, model: adopted, notes };
}

function onlyInput(model: Model): Value {
  const fed = fedInputs(model);
  const [input] = fed;
  if (fed.length !== 1) {
    throw new UserError(
      `The network "${model.name}" has ${fed.length} inputs (${fed.map(({ name }) => name).join(", ") || "none"}), and data has one: export it with its samples as the only input.`,
    );
  }
  if (input.dtype !== "float32") {
    throw new UserError(
      `The input "${input.name}" takes ${input.dtype}, and samples are numbers: export it for float32.`,
    );
  }
  return input;
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
  const [size] = onlyInput(model).shape ?? [];
  if (typeof size !== "number") {
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
  const typed = await simplify(engine, model, {});
  const freed = await freeBatch(engine, model, typed);
  if ("model" in freed) return { ...freed, notes: [`The batch, exported as ${size}, is opened.`] };
  return { model, typed, fixed: size, notes: [`The batch stays at ${size}, as exported: ${freed.reason}.`] };
}
