import { withComputedWeights } from "../adoption/computed-weights.ts";
import { forSamples } from "../adoption/samples.ts";
import { trainableForm } from "../adoption/trainable-form.ts";
import { untreated } from "../adoption/untreated.ts";
import type { Dataset } from "../data/dataset.ts";
import { statedVocabulary } from "../data/text/vocabulary.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import { fedInputs, type Model, type Value } from "../onnx/graph.ts";
import { layersOf } from "../operators/layers.ts";
import { partOf } from "../pruning/mask.ts";
import { type LayerRow, layerTable, weightCounts } from "../report/layer-table.ts";
import { obstacles } from "../training/obstacles.ts";
import { type Hooks, workOf } from "./hooks.ts";
import { type InputOptions, withInputs } from "./inputs.ts";
import { layerMacs, openSizes } from "./layer-macs.ts";
import { checkWeights, countParameters, type ParameterCounts } from "./network.ts";

/** The options of {@link inspect}. */
export interface InspectOptions extends InputOptions, Pick<Hooks, "signal" | "onProgress"> {
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
  /** The paper's table: a row for each layer, also in the branches of If and the bodies of Loop and Scan. */
  readonly layers: readonly InspectedLayer[];
}

/** A row of the table; its MACs are left out where the shape of the inputs is open, or that of what a graph inside sees. */
export type InspectedLayer = Omit<LayerRow, "macs"> & Partial<Pick<LayerRow, "macs">>;

/**
 * Tells what a model is, whether it can be trained, and layer by layer what pruning left (Han et al., NIPS 2015,
 * tables 3 to 6).
 * @throws UserError when the model cannot be run or the data does not fit it; the signal's reason when it ends the work
 */
export async function inspect(
  engine: Engine,
  source: Model,
  { data, signal, onProgress, ...given }: InspectOptions = {},
): Promise<InspectResult> {
  signal?.throwIfAborted();
  workOf({ onProgress })("Looking at the layers", 0);
  const computed = await withComputedWeights(engine, withInputs(source, given));
  const { model, differences } = trainableForm(computed.model);
  // Of a network for text, one step says it all.
  const stepwise = statedVocabulary(source.metadata) ? withSingleSteps(model) : model;
  const shaped = data ? forSamples(model, data) : stepwise;
  const open = openSizes(shaped);
  const notes = [...computed.notes, ...differences, ...untreated(model, true)];
  if (open.length > 0) notes.push(`Its inputs leave ${sizesText(open)} open, so MACs are not counted: give a shape.`);
  const layers = await rowsFor(engine, shaped, open.length > 0, data, signal);
  const counts = countParameters(model);
  const typed = ({ name, dtype, shape }: Value) => ({ name, dtype, shape });
  return {
    ...counts,
    density: partOf(counts.nonzero, counts.parameters),
    opset: source.opsets.get(""),
    producer: source.producer,
    inputs: fedInputs(source).map(typed),
    outputs: source.outputs.map(typed),
    notes,
    obstacles: [...obstacles(model), ...faultsOf(model)],
    layers,
  };
}

/** What is wrong with the weights, in sentences. */
function faultsOf(model: Model): string[] {
  try {
    checkWeights(model);
    return [];
  } catch (error) {
    if (error instanceof UserError) return [error.message];
    throw error;
  }
}

async function rowsFor(
  engine: Engine,
  model: Model,
  isOpen: boolean,
  data: Dataset | undefined,
  signal: AbortSignal | undefined,
): Promise<InspectedLayer[]> {
  signal?.throwIfAborted();
  const all = layersOf(model, { nested: true });
  const table = data ? await layerTable(engine, model, data, signal) : [];
  const seen = new Map(table.map((row) => [row.name, row]));
  const macs = data || isOpen ? new Map<string, number>() : await layerMacs(engine, model);
  return all.map((layer) => {
    const counts = weightCounts(layer);
    return seen.get(layer.name) ?? { ...counts, macs: macs.get(layer.weight), macsLeft: counts.density };
  });
}

function sizesText(sizes: readonly string[]): string {
  const names = [...new Set(sizes)].map((size) => `"${size}"`);
  return names.length < 2 ? `the size ${names.join()}` : `the sizes ${names.join(", ")}`;
}

/** The model with one in the place of every size that its inputs leave open, but for the batch. */
function withSingleSteps(model: Model): Model {
  const inputs = model.inputs.map((input) => ({
    ...input,
    shape: input.shape?.map((dim, axis) => (axis > 0 && typeof dim !== "number" ? 1 : dim)),
  }));
  return { ...model, inputs };
}
