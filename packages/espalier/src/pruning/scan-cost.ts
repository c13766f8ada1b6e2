import type { Split } from "../data/dataset.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { dependents } from "../onnx/live.ts";
import { layersOf } from "../operators/layers.ts";
import { macsOf } from "../operators/macs.ts";
import { carriesStates } from "../training/visits.ts";
import { densitiesFor, type LayerScanOptions } from "./sensitivity.ts";

/** What a scan takes in passes over the split, counted in the MACs of one whole forward pass. */
export interface ScanCost {
  /** As it is done: what lies before a layer is computed once. */
  readonly forwardPasses: number;
  /** If each point were an evaluation of its own. */
  readonly withoutReuse: number;
}

/**
 * Counts the work of a scan of some layers, without retraining.
 * @param split on which it is done; where a network carries states over it, all is computed anew for each point
 */
export async function scanCost(
  engine: Engine,
  model: Model,
  { layers = layersOf(model), densities }: Pick<LayerScanOptions, "layers" | "densities">,
  split?: Split,
): Promise<ScanCost> {
  const all = layersOf(model);
  const typed = await annotate(engine, model, { batch: 1 });
  const each = macsOf(typed, all);
  const anew = split !== undefined && carriesStates(typed, split);
  const total = each.reduce((sum, macs) => sum + macs, 0);
  let macs = 0;
  let withoutReuse = 0;
  for (const layer of layers) {
    const behind = dependents(model.nodes, [layer.weight]);
    const points = densitiesFor(layer, densities).length;
    withoutReuse += points;
    for (const [i, { node }] of all.entries()) macs += each[i] * (anew || behind.has(node.outputs[0]) ? points : 1);
  }
  return { forwardPasses: macs / total, withoutReuse };
}
