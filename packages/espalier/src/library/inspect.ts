import { withComputedWeights } from "../adoption/computed-weights.ts";
import { forSamples } from "../adoption/samples.ts";
import { trainableForm } from "../adoption/trainable-form.ts";
import { untreated } from "../adoption/untreated.ts";
import type { Dataset } from "../data/dataset.ts";
import { statedVocabulary } from "../data/text/vocabulary.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import { byteLength, type DType, type NumericType } from "../onnx/dtype.ts";
import { fedInputs, type Model, type Node, type Value } from "../onnx/graph.ts";
import { flattened } from "../onnx/nested.ts";
import { withLiftedConstants } from "../onnx/simplify/constants.ts";
import { withUniqueNames } from "../onnx/simplify/names.ts";
import { bytesOf, sizeOf } from "../onnx/tensor.ts";
import { layersOf } from "../operators/layers.ts";
import { countCodes, countNonzeroCodes } from "../operators/quantized/codes.ts";
import { type QuantizedLayer, quantizedLayersOf } from "../operators/quantized/layers.ts";
import { partOf } from "../pruning/mask.ts";
import type { UnitGroup } from "../pruning/units/groups.ts";
import { type LayerRow, layerTable, weightCounts } from "../report/layer-table.ts";
import { obstacles } from "../training/obstacles.ts";
import { type Hooks, workOf } from "./hooks.ts";
import { type InputOptions, withInputs } from "./inputs.ts";
import { layerMacs, openSizes } from "./layer-macs.ts";
import { checkWeights, countParameters, type ParameterCounts } from "./network.ts";
import { unitGroupsIn } from "./unit-groups.ts";

/** The options of {@link inspect}. */
export interface InspectOptions extends InputOptions, Pick<Hooks, "signal" | "onProgress"> {
  /** Data on whose validation split the non-zero activations are measured; default: every input counts as not zero. */
  readonly data?: Dataset;
  /** Whether to follow its units, too; default: no. */
  readonly units?: boolean;
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
  /** What the tensors of its file take, by element type, those that take the most first. */
  readonly stored: readonly StoredType[];
  /** The paper's table: a row for each layer, also in the branches of If and the bodies of Loop and Scan. */
  readonly layers: readonly InspectedLayer[];
  /** Its units, by what can only go together, where that was asked for. */
  readonly units?: readonly UnitGroup[];
}

/** The initializers of one element type. */
export interface StoredType {
  readonly type: DType;
  readonly tensors: number;
  readonly elements: number;
  /** As they lie in an .onnx file. */
  readonly bytes: number;
}

/** A row of the table. */
export interface InspectedLayer extends Omit<LayerRow, "macs"> {
  /** In which type the file holds the weights; `uint4` and the like also where bytes hold several. */
  readonly type: string;
  /** Bytes that they take in an .onnx file. */
  readonly bytes: number;
  /** Left out where the shape of the inputs is open, or that of what a graph inside sees. */
  readonly macs?: number;
}

/**
 * Tells what a model is, whether it can be trained, and layer by layer what pruning left (Han et al., NIPS 2015,
 * tables 3 to 6).
 * @throws UserError when the model cannot be run or the data does not fit it; the signal's reason when it ends the work
 */
export async function inspect(
  engine: Engine,
  source: Model,
  { data, units = false, signal, onProgress, ...given }: InspectOptions = {},
): Promise<InspectResult> {
  signal?.throwIfAborted();
  workOf({ onProgress })("Looking at the layers", 0);
  const computed = await withComputedWeights(engine, withInputs(source, given));
  const form = trainableForm(computed.model);
  const { model, differences } = form;
  // Of a network for text, one step says it all.
  const stepwise = statedVocabulary(source.metadata) ? withSingleSteps(model) : model;
  const shaped = data ? forSamples(model, data) : stepwise;
  const open = openSizes(shaped);
  const notes = [...computed.notes, ...differences, ...untreated(model, true, true)];
  if (open.length > 0) notes.push(`Its inputs leave ${sizesText(open)} open, so MACs are not counted: give a shape.`);
  const layers = await rowsFor(engine, shaped, form.typeOf, open.length > 0, data, signal);
  if (units) workOf({ onProgress })("Following its units", 0);
  const groups = units ? await unitGroupsIn(engine, shaped) : undefined;
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
    stored: storedOf(source),
    layers,
    units: groups,
  };
}

/** What initializers and Constant nodes take, by type, those that take the most first. */
function storedOf(source: Model): StoredType[] {
  const found = new Map<DType, { tensors: number; elements: number; bytes: number }>();
  for (const tensor of withLiftedConstants(withUniqueNames(source)).initializers.values()) {
    const sums = found.get(tensor.dtype) ?? { tensors: 0, elements: 0, bytes: 0 };
    const bytes =
      tensor.dtype === "string" ? tensor.data.reduce((sum, { length }) => sum + length, 0) : bytesOf(tensor);
    const elements = sums.elements + sizeOf(tensor.dims);
    found.set(tensor.dtype, { tensors: sums.tensors + 1, elements, bytes: sums.bytes + bytes });
  }
  return Array.from(found, ([type, sums]) => ({ type, ...sums })).sort((a, b) => b.bytes - a.bytes);
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
  typeOf: (weight: string) => NumericType,
  isOpen: boolean,
  data: Dataset | undefined,
  signal: AbortSignal | undefined,
): Promise<InspectedLayer[]> {
  signal?.throwIfAborted();
  const [all, coded] = [layersOf(model, { nested: true }), quantizedLayersOf(model)];
  const table = data ? await layerTable(engine, model, data, signal) : [];
  const seen = new Map(table.map((row) => [row.name, row]));
  const counted = data ? coded.length > 0 : !isOpen;
  const macs = counted ? await layerMacs(engine, model) : new Map<string, number>();
  const rows = all.map((layer): { readonly node: Node; readonly row: InspectedLayer } => {
    const counts = weightCounts(layer);
    const row = seen.get(layer.name) ?? { ...counts, macs: macs.get(layer.weight), macsLeft: counts.density };
    const type = typeOf(layer.weight);
    return { node: layer.node, row: { ...row, type, bytes: byteLength(type, counts.weights) } };
  });
  rows.push(...coded.map((layer) => ({ node: layer.node, row: codedRow(layer, macs.get(layer.weight)) })));
  const order = new Map(flattened(model).nodes.map(({ outputs }, i) => [outputs.join(), i]));
  const placeOf = ({ node }: { readonly node: Node }) => order.get(node.outputs.join()) ?? 0;
  return rows.sort((a, b) => placeOf(a) - placeOf(b)).map(({ row }) => row);
}

/** The row of a layer whose weights are whole numbers. */
function codedRow({ name, node, codes }: QuantizedLayer, macs: number | undefined): InspectedLayer {
  const [weights, kept] = [countCodes(codes), countNonzeroCodes(codes)];
  const density = partOf(kept, weights);
  const type = codes.packing ? `uint${codes.bits}` : codes.tensor.dtype;
  return { name, op: node.op, type, bytes: bytesOf(codes.tensor), weights, kept, density, macs, macsLeft: density };
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
