import type { Model } from "../../onnx/graph.ts";
import { layersOf } from "../../operators/layers.ts";
import type { SharedRow } from "../rows.ts";
import type { Scaling } from "./scale-network.ts";

/** What became of each scaled tensor. */
export function scaledRows(model: Model, scaling: Scaling): SharedRow[] {
  const names = new Map(layersOf(model).map(({ name, weight }) => [weight, name]));
  return Array.from(scaling, ([parameter, { codes }]) => {
    const values = new Set(codes).size;
    return {
      name: names.get(parameter) ?? parameter,
      weights: codes.length,
      kept: codes.reduce((sum, code) => sum + (code === 0 ? 0 : 1), 0),
      values,
      bits: Math.ceil(Math.log2(Math.max(2, values))),
    };
  });
}
