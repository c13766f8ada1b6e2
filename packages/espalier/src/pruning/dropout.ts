import { constantOf, consumers, fedInputs, type Model, type Node, producers } from "../onnx/graph.ts";
import { type Layer, layersOf } from "../operators/layers.ts";
import type { Masks } from "../training/parameters.ts";
import { countNonzero } from "./mask.ts";

/** Dropout while retraining: the paper's smaller ratio, that of the training, none, or a ratio of one's own. */
export type RetrainingDropout = "adjusted" | "original" | "none" | number;

/** The ratio of each Dropout node by what a round asks for; those left out keep the model's. */
export function dropoutRatios(model: Model, masks: Masks, asked: RetrainingDropout = "adjusted"): Map<string, number> {
  if (asked === "adjusted") return retrainingDropout(model, masks);
  if (asked === "original") return new Map();
  const ratio = asked === "none" ? 0 : asked;
  return new Map(
    model.nodes.flatMap(({ op, name, outputs }) => (op === "Dropout" ? [[name || outputs[0], ratio]] : [])),
  );
}

/**
 * The dropout ratios for retraining: D_r = D_o sqrt(C_ir / C_io), with C the connections of the layer whose outputs are
 * dropped, before and after pruning (Han et al., equations 1 and 2). Pruning has already made the network smaller.
 * @returns ratio by the name of the Dropout node, for those behind a pruned layer
 */
export function retrainingDropout(model: Model, masks: Masks): Map<string, number> {
  const ratios = new Map<string, number>();
  const madeBy = producers(model);
  const layers = layersOf(model);
  for (const node of model.nodes) {
    if (node.op !== "Dropout") continue;
    const original = node.inputs[1] ? Number(constantOf(model, node.inputs[1])?.data[0] ?? 0.5) : 0.5;
    const layer = nearest(layers, madeBy.get(node.inputs[0]), ({ inputs }) => madeBy.get(inputs[0]));
    const ratio = adjusted(original, layer, masks);
    if (ratio !== undefined) ratios.set(node.name || node.outputs[0], ratio);
  }
  return ratios;
}

/** The same for the network's inputs, by the connections of the layer that reads them. */
export function inputDropout(model: Model, masks: Masks, original: number): number {
  const readBy = consumers(model);
  const [{ name }] = fedInputs(model);
  const layer = nearest(layersOf(model), readBy.get(name)?.[0], ({ outputs }) => readBy.get(outputs[0])?.[0]);
  return adjusted(original, layer, masks) ?? original;
}

function adjusted(original: number, layer: Layer | undefined, masks: Masks): number | undefined {
  const mask = layer && masks.get(layer.weight);
  return mask && original * Math.sqrt(countNonzero(mask) / mask.data.length);
}

/** The first layer on the way from a node, through nodes with one data input such as Relu. */
function nearest(
  layers: readonly Layer[],
  from: Node | undefined,
  next: (node: Node) => Node | undefined,
): Layer | undefined {
  for (let node = from; node; node = next(node)) {
    const layer = layers.find(({ uses }) => uses.some(({ outputs }) => outputs[0] === node.outputs[0]));
    if (layer) return layer;
  }
  return undefined;
}
