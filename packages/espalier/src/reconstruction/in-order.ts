import type { LearningData } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import type { FloatTensor } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { type Layer, layersOf } from "../operators/layers.ts";
import type { Parameters } from "../training/parameters.ts";
import type { OnWork } from "../work.ts";
import type { Inputs } from "./moments.ts";
import { prepared } from "./prepared.ts";
import { Walk } from "./walk.ts";

/**
 * Finds other parameters for one layer.
 * @param annotated the network
 * @param batches what the layer reads, in the whole network and behind the layers that were changed already
 */
export type Change = (annotated: TypedModel, layer: Layer, batches: readonly Inputs[]) => Promise<Parameters>;

export interface OrderOptions {
  readonly signal?: AbortSignal;
  readonly onWork?: OnWork;
  /** What is done, as {@link OnWork} is told. */
  readonly what?: string;
}

/**
 * Changes a network layer by layer, from the input on, on some samples: what a layer reads comes from the changed layers
 * before it, so that it also makes up for their errors.
 * @returns the parameters that changed
 */
export async function inOrder(
  engine: Engine,
  model: Model,
  data: LearningData,
  change: Change,
  { signal, onWork, what = "Fitting layers" }: OrderOptions = {},
): Promise<Parameters> {
  const annotated = await prepared(engine, model, data);
  const layers = layersOf(annotated);
  const whole = await Walk.begin(engine, annotated, data);
  const changing = await Walk.begin(engine, annotated, data);
  const found = new Map<string, FloatTensor>();
  let changed: Parameters = new Map();
  for (const [i, layer] of layers.entries()) {
    signal?.throwIfAborted();
    const ahead = layers.slice(i).map(({ weight }) => weight);
    await whole.advance(new Map(), ahead);
    await changing.advance(changed, ahead);
    const batches = whole.values.map((values, b) => ({ whole: values, pruned: changing.values[b] }));
    changed = await change(annotated, layer, batches);
    for (const [name, tensor] of changed) found.set(name, tensor);
    onWork?.(what, i + 1, layers.length);
  }
  return found;
}
