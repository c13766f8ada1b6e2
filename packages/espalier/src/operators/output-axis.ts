import { facetsOf } from "./catalogue.ts";
import { has, type WeightUse } from "./facets.ts";

/**
 * The axis along which the output units of some weights lie: each of these has a scale of its own where weights are
 * rounded. What an operator reads otherwise than as weights of a layer has the first.
 * @param rank axes of the weights, as the node reads them
 */
export function outputAxis(use: WeightUse, rank: number): number {
  const layer = facetsOf(use.node)?.layer;
  if (!layer || !has(layer) || !layer.operands(use.node).includes(use.operand)) return 0;
  return Math.max(0, layer.unitAxis(use, rank));
}
