import { batchFor, batchOf, type LearningData, readInOrder } from "../data/dataset.ts";
import { routed } from "../data/routes.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine, Tensors } from "../engine/engine.ts";
import { consumers, copyModel, fedInputs, type Model } from "../onnx/graph.ts";
import { isFloat32 } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { type Layer, layersOf } from "../operators/layers.ts";
import { macsOf } from "../operators/macs.ts";
import { countNonzero, partOf } from "../pruning/mask.ts";
import { fedTensors, routesFor } from "../training/feeding.ts";
import { carriesStates, visits, withOpenStates } from "../training/visits.ts";

/** A row of the paper's tables 3 to 6. Fractions are 0 to 1. */
export interface LayerRow {
  readonly name: string;
  readonly op: string;
  /** All weights, without biases, and those that are not zero. */
  readonly weights: number;
  readonly kept: number;
  readonly density: number;
  /** Multiply-accumulate operations for one sample in the dense network. */
  readonly macs: number;
  /** Non-zero outputs after the layer's activation function; only when data was given. */
  readonly activations?: number;
  /** MACs whose weight and input are both not zero, of all; without data every input counts as not zero. */
  readonly macsLeft: number;
}

/** How many samples the share of non-zero activations is measured on. */
const SAMPLES = 1000;
const ACTIVATIONS = new Set(["Relu", "LeakyRelu", "Clip", "Sigmoid", "Tanh", "Softmax"]);

/**
 * The per-layer table of a network (Han et al., NIPS 2015, table 3): weights, MACs, activations and what is left.
 * @param data on whose validation split activations are measured
 * @throws the signal's reason
 */
export async function layerTable(
  engine: Engine,
  model: Model,
  data?: LearningData,
  signal?: AbortSignal,
): Promise<LayerRow[]> {
  const size = data ? Math.min(batchFor({ inputs: data.inputs, targets: data.targets }), data.validation.size) : 1;
  const typed = await annotate(engine, model, { batch: size });
  const batch = fedInputs(typed)[0]?.shape[0] ?? 1;
  const layers = layersOf(typed);
  const shares = data ? await nonzeroShares(engine, typed, layers, data, { batch, signal }) : new Map<string, number>();
  const macs = macsOf(typed, layers);
  return layers.map((layer, i) => {
    const counts = weightCounts(layer);
    return {
      ...counts,
      macs: macs[i] / batch,
      activations: shares.get(activationOf(typed, layer)),
      macsLeft: counts.density * (shares.get(layer.data) ?? 1),
    };
  });
}

/** What a layer's weights tell without a run. */
export function weightCounts({
  name,
  node,
  tensor,
}: Layer): Pick<LayerRow, "name" | "op" | "weights" | "kept" | "density"> {
  const weights = tensor.data.length;
  const kept = countNonzero(tensor);
  return { name, op: node.op, weights, kept, density: partOf(kept, weights) };
}

/** The value behind a layer's activation function, or the layer's own output when it has none. */
function activationOf(model: Model, { node }: Layer): string {
  const made = node.outputs.find((output) => output !== "") ?? "";
  const readers = consumers(model).get(made) ?? [];
  const [next] = readers;
  return readers.length === 1 && ACTIVATIONS.has(next.op) ? next.outputs[0] : made;
}

/** The share of non-zero elements of each layer's input and output over the first samples of the validation split. */
async function nonzeroShares(
  engine: Engine,
  model: TypedModel,
  layers: readonly Layer[],
  data: LearningData,
  { batch, signal }: { readonly batch: number; readonly signal?: AbortSignal },
) {
  const feed = { inputs: fedInputs(model), targets: [] };
  const split = routed(data.validation, routesFor(feed, data));
  const wanted = new Set(layers.flatMap((layer) => [layer.data, activationOf(model, layer)]));
  // What is fed counts as dense, as in the paper's tables.
  for (const { name } of feed.inputs) for (const same of reshapesOf(model, name)) wanted.delete(same);
  const probe = copyModel(model);
  probe.outputs = [...wanted].map((name) => ({ name }));
  const counts = new Map<string, number>();
  let looked = 0;
  const count = (outputs: Tensors) => {
    signal?.throwIfAborted();
    looked++;
    for (const name of wanted) {
      const values = outputs[name];
      // Whole numbers are places in a table, of which none saves a product.
      const share = isFloat32(values) ? countNonzero(values) / values.data.length : 1;
      counts.set(name, (counts.get(name) ?? 0) + share);
    }
  };
  if (carriesStates(model, split)) {
    const open = withOpenStates(model);
    const looking = { ...open, model: { ...open.model, outputs: probe.outputs } };
    for await (const { outputs } of visits(engine, looking, split, feed, SAMPLES)) count(outputs);
  } else {
    const program = await engine.compile(probe);
    const { tensors, arrays } = batchOf(fedTensors(feed), batch);
    const samples = Math.floor(Math.min(SAMPLES, split.size) / batch) * batch;
    for (let start = 0; start < samples; start += batch) {
      await readInOrder(split, start, batch, arrays);
      count(await program.run(tensors));
    }
    await program.release();
  }
  return new Map(Array.from(counts, ([name, shares]) => [name, shares / looked]));
}

const RESHAPES = new Set(["Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Identity"]);

/** A value and those that hold the same elements in another shape. */
function reshapesOf(model: Model, value: string): Set<string> {
  const same = new Set([value]);
  for (const { op, inputs, outputs } of model.nodes) if (RESHAPES.has(op) && same.has(inputs[0])) same.add(outputs[0]);
  return same;
}
