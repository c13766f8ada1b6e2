import type { LearningData } from "../../data/dataset.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Model } from "../../onnx/graph.ts";
import { inOrder, type OrderOptions } from "../../reconstruction/in-order.ts";
import type { Parameters } from "../../training/parameters.ts";
import { fitLayer, liveIn } from "./stage.ts";

/**
 * Prunes a network layer by layer, from the input on, without labels and without training: each layer is cut, and what
 * is left of it is fitted, by least squares on some samples, to the outputs that it had in the whole network. What it
 * reads then comes from the pruned layers before it, so it also makes up for their errors.
 * @param densities of the layers that are cut, by their names; the others are fitted only, but for those that are frozen
 * @returns the parameters that changed
 */
export async function reconstruct(
  engine: Engine,
  model: Model,
  data: LearningData,
  densities: ReadonlyMap<string, number>,
  { frozen = new Set(), ...how }: OrderOptions & { readonly frozen?: ReadonlySet<string> } = {},
): Promise<Parameters> {
  return inOrder(
    engine,
    model,
    data,
    async (annotated, layer, batches) => {
      if (frozen.has(layer.name)) return new Map();
      const live = liveIn(layer);
      const number = Math.min(live, Math.round((densities.get(layer.name) ?? 1) * layer.tensor.data.length));
      for await (const { parameters } of fitLayer(engine, annotated, layer, batches, [number])) return parameters;
      return new Map();
    },
    how,
  );
}
