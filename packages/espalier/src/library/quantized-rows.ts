import type { Model } from "../onnx/graph.ts";
import { layersOf } from "../operators/layers.ts";
import type { Plan, Way } from "../quantization/ladder.ts";
import type { QuantizedLayer } from "./quantize.ts";

/**
 * What became of each layer.
 * @param tried what each way of holding a layer costs, where that was tried
 */
export function quantizedRows(
  base: Model,
  plan: Plan,
  tried: ReadonlyMap<string, readonly Way[]> = new Map(),
): QuantizedLayer[] {
  return layersOf(base, { nested: true }).map(({ name, weight, node, tensor }) => {
    const ways = tried.get(weight)?.filter(({ treatment }) => treatment !== "float32");
    const errors = ways && Object.fromEntries(ways.map(({ treatment, cost }) => [treatment, Math.sqrt(cost)]));
    return { name, op: node.op, weights: tensor.data.length, as: plan.get(weight) ?? "float32", errors };
  });
}
