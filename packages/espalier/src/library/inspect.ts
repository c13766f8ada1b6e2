import { forSamples } from "../adoption/samples.ts";
import { trainableForm } from "../adoption/trainable-form.ts";
import type { Dataset } from "../data/dataset.ts";
import { statedVocabulary } from "../data/text/vocabulary.ts";
import type { Engine } from "../engine/engine.ts";
import { fedInputs, type Model, type Value } from "../onnx/graph.ts";
import { type LayerRow, layerTable } from "../report/layer-table.ts";
import { obstacles } from "../training/obstacles.ts";
import { type InputOptions, withInputs } from "./inputs.ts";
import { countParameters, type ParameterCounts } from "./network.ts";

/** The options of {@link inspect}. */
export interface InspectOptions extends InputOptions {
  /** Data on whose validation split the non-zero activations are measured; default: every input counts as not zero. */
  readonly data?: Dataset;
}

/** What a model is. */
export interface InspectResult extends ParameterCounts {
  /** Non-zero parameters / all. */
  readonly density: number;
  /** The version of ONNX's operator set; undefined where the model states none. */
  readonly opset?: number;
  /** The program that wrote the file, and its version. */
  readonly producer?: string;
  /** The inputs that a run is fed. */
  readonly inputs: readonly Value[];
  /** What a run gives. */
  readonly outputs: readonly Value[];
  /** How the form in which it would be trained differs from the file's, in sentences. */
  readonly notes: readonly string[];
  /** Why it cannot be trained, in sentences; empty where it can. */
  readonly obstacles: readonly string[];
  /** The paper's table: a row for each layer. */
  readonly layers: readonly LayerRow[];
}

/**
 * Tells what a model is, whether it can be trained, and layer by layer what pruning left (Han et al., NIPS 2015,
 * tables 3 to 6).
 * @throws UserError when the model cannot be run or the data does not fit it
 */
export async function inspect(
  engine: Engine,
  source: Model,
  { data, ...given }: InspectOptions = {},
): Promise<InspectResult> {
  const { model, differences } = trainableForm(withInputs(source, given));
  // Of a network for text, one step says it all.
  const stepwise = statedVocabulary(source.metadata) ? withSingleSteps(model) : model;
  const shaped = data ? forSamples(model, data) : stepwise;
  const layers = await layerTable(engine, shaped, data);
  const counts = countParameters(model);
  const typed = ({ name, dtype, shape }: Value) => ({ name, dtype, shape });
  return {
    ...counts,
    density: counts.parameters === 0 ? 1 : counts.nonzero / counts.parameters,
    opset: source.opsets.get(""),
    producer: source.producer,
    inputs: fedInputs(source).map(typed),
    outputs: source.outputs.map(typed),
    notes: differences,
    obstacles: obstacles(model),
    layers,
  };
}

/** The model with one in the place of every size that its inputs leave open, but for the batch. */
function withSingleSteps(model: Model): Model {
  const inputs = model.inputs.map((input) => ({
    ...input,
    shape: input.shape?.map((dim, axis) => (axis > 0 && typeof dim !== "number" ? 1 : dim)),
  }));
  return { ...model, inputs };
}
