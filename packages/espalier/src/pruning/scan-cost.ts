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

/** The work of a scan in MACs, for each sample of the split. */
export interface ScanWork {
  readonly macs: number;
  /** Of one whole forward pass. */
  readonly forward: number;
  /** How many points are measured. */
  readonly points: number;
}

type Scanned = Pick<LayerScanOptions, "layers" | "densities">;

/**
 * Counts the work of a scan of some layers, without retraining.
 * @param split on which it is done; where a network carries states over it, all is computed anew for each point
 */
export async function scanWork(
  engine: Engine,
  model: Model,
  { layers = layersOf(model), densities }: Scanned,
  split?: Split,
): Promise<ScanWork> {
  const all = layersOf(model);
  const typed = await annotate(engine, model, { batch: 1 });
  const each = macsOf(typed, all);
  const anew = split !== undefined && carriesStates(typed, split);
  const forward = each.reduce((sum, macs) => sum + macs, 0);
  let [macs, points] = [0, 0];
  for (const layer of layers) {
    const behind = dependents(model.nodes, [layer.weight]);
    const count = densitiesFor(layer, densities).length;
    points += count;
    for (const [i, { node }] of all.entries()) macs += each[i] * (anew || behind.has(node.outputs[0]) ? count : 1);
  }
  return { macs, forward, points };
}

/** What a scan costs, in forward passes. */
export async function scanCost(engine: Engine, model: Model, scanned: Scanned, split?: Split): Promise<ScanCost> {
  const { macs, forward, points } = await scanWork(engine, model, scanned, split);
  return { forwardPasses: macs / forward, withoutReuse: points };
}
