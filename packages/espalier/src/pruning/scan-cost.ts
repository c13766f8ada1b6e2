import { annotate } from "../engine/annotate.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { dependents } from "../onnx/live.ts";
import { layersOf } from "../operators/layers.ts";
import { macsOf } from "../operators/macs.ts";
import { densitiesFor, type LayerScanOptions } from "./sensitivity.ts";

/** What a scan takes in passes over the split, counted in the MACs of one whole forward pass. */
export interface ScanCost {
  /** As it is done: what lies before a layer is computed once. */
  readonly forwardPasses: number;
  /** If each point were an evaluation of its own. */
  readonly withoutReuse: number;
}

/** Counts the work of a scan of some layers, without retraining. */
export async function scanCost(
  engine: Engine,
  model: Model,
  { layers = layersOf(model), densities }: Pick<LayerScanOptions, "layers" | "densities">,
): Promise<ScanCost> {
  const all = layersOf(model);
  const each = macsOf(await annotate(engine, model, { batch: 1 }), all);
  const total = each.reduce((sum, macs) => sum + macs, 0);
  let macs = 0;
  let withoutReuse = 0;
  for (const layer of layers) {
    const behind = dependents(model.nodes, [layer.weight]);
    const points = densitiesFor(layer, densities).length;
    withoutReuse += points;
    for (const [i, { node }] of all.entries()) macs += each[i] * (behind.has(node.outputs[0]) ? points : 1);
  }
  return { forwardPasses: macs / total, withoutReuse };
}
