import { constantOf, type Model, producers } from "../onnx/graph.ts";
import type { Masks } from "../training/parameters.ts";
import { countNonzero } from "./mask.ts";

/** Dropout while retraining: the paper's smaller ratio, that of the training, or none. */
export type RetrainingDropout = "adjusted" | "original" | "none";

/** The ratio of each Dropout node by what a round asks for; those left out keep the model's. */
export function dropoutRatios(model: Model, masks: Masks, asked: RetrainingDropout = "adjusted"): Map<string, number> {
  if (asked === "adjusted") return retrainingDropout(model, masks);
  if (asked === "original") return new Map();
  return new Map(model.nodes.filter(({ op }) => op === "Dropout").map(({ name, outputs }) => [name || outputs[0], 0]));
}

/**
 * The dropout ratios for retraining: D_r = D_o sqrt(C_ir / C_io), with C the connections of the layer whose outputs are
 * dropped, before and after pruning (Han et al., equations 1 and 2). Pruning has already made the network smaller.
 * @returns ratio by the name of the Dropout node, for those behind a pruned layer
 */
export function retrainingDropout(model: Model, masks: Masks): Map<string, number> {
  const ratios = new Map<string, number>();
  const madeBy = producers(model);
  for (const node of model.nodes) {
    if (node.op !== "Dropout") continue;
    const original = node.inputs[1] ? Number(constantOf(model, node.inputs[1])?.data[0] ?? 0.5) : 0.5;
    // The pruned layer lies before the Dropout node, behind nodes with one data input such as Relu.
    let value = node.inputs[0];
    for (let before = madeBy.get(value); before; before = madeBy.get(value)) {
      const mask = before.inputs.map((input) => masks.get(input)).find((found) => found !== undefined);
      if (mask) {
        ratios.set(node.name || node.outputs[0], original * Math.sqrt(countNonzero(mask) / mask.data.length));
        break;
      }
      if (before.inputs.some((input) => model.initializers.has(input))) break;
      value = before.inputs[0];
    }
  }
  return ratios;
}
