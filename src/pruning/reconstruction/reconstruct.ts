import { batchFor, type LearningData } from "../../data/dataset.ts";
import { annotate } from "../../engine/annotate.ts";
import type { Engine } from "../../engine/engine.ts";
import { UserError } from "../../errors.ts";
import type { Model } from "../../onnx/graph.ts";
import type { FloatTensor } from "../../onnx/tensor.ts";
import { upgrade } from "../../onnx/upgrade.ts";
import { layersOf } from "../../training/layers.ts";
import type { Parameters } from "../../training/parameters.ts";
import { fitLayer, liveIn } from "./stage.ts";
import { Walk } from "./walk.ts";

/**
 * Prunes a network layer by layer, from the input on, without labels and without training: each layer is cut, and what
 * is left of it is fitted, by least squares on some samples, to the outputs that it had in the whole network. What it
 * reads then comes from the pruned layers before it, so it also mends what they spoilt.
 * @param densities of the layers that are cut, by their names; the others are fitted only, but for those that are frozen
 * @returns the parameters that changed
 */
export async function reconstruct(
  engine: Engine,
  model: Model,
  data: LearningData,
  densities: ReadonlyMap<string, number>,
  { frozen = new Set(), signal }: { readonly frozen?: ReadonlySet<string>; readonly signal?: AbortSignal } = {},
): Promise<Parameters> {
  const annotated = await prepared(engine, model, data);
  const layers = layersOf(annotated);
  const [whole, pruned] = [
    await Walk.begin(engine, annotated, data.train),
    await Walk.begin(engine, annotated, data.train),
  ];
  const found = new Map<string, FloatTensor>();
  let changed: Parameters = new Map();
  for (const [i, layer] of layers.entries()) {
    signal?.throwIfAborted();
    const ahead = layers.slice(i).map(({ weight }) => weight);
    await whole.advance(new Map(), ahead);
    await pruned.advance(changed, ahead);
    changed = new Map();
    if (frozen.has(layer.name)) continue;
    const batches = whole.values.map((values, b) => ({ whole: values, pruned: pruned.values[b] }));
    const live = liveIn(layer);
    const number = Math.min(live, Math.round((densities.get(layer.name) ?? 1) * layer.tensor.data.length));
    for await (const { parameters } of fitLayer(engine, annotated, layer, batches, [number])) changed = parameters;
    for (const [name, tensor] of changed) found.set(name, tensor);
  }
  return found;
}

/** A network with concrete shapes, for batches that leave out as few of the samples as can be. */
export async function prepared(engine: Engine, model: Model, data: LearningData): Promise<Model> {
  const { size } = data.train;
  if (size === 0) throw new UserError(`${data.name} has no samples to fit layers on: give some.`);
  const batches = Math.ceil(size / batchFor(data));
  return annotate(engine, upgrade(model), { batch: Math.floor(size / batches) });
}
