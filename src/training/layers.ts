import picomatch from "picomatch";
import { UserError } from "../errors.ts";
import type { Model, Node } from "../onnx/graph.ts";
import { type FloatTensor, isFloat32 } from "../onnx/tensor.ts";

/** A node with weights that can be pruned. */
export interface Layer {
  /** The name by which the command line and the tables call it. */
  readonly name: string;
  readonly node: Node;
  /** The initializer that holds its weights. */
  readonly weight: string;
  readonly tensor: FloatTensor;
}

const WEIGHT_SUFFIX = /[._/](weight|weights|kernel|W|w)(:0)?$/;
const WEIGHTED = new Set(["Conv", "ConvTranspose", "Gemm", "MatMul"]);

/**
 * The layers of a network in the order in which they run. Biases are no layers: they are not pruned.
 * An initializer that two nodes share is one layer, so pruning it is seen by both.
 */
export function layersOf(model: Model): Layer[] {
  const layers: Layer[] = [];
  const seen = new Set<string>();
  const names = new Set<string>();
  for (const node of model.nodes) {
    if (!WEIGHTED.has(node.op) || node.domain !== "") continue;
    for (const weight of node.inputs.slice(0, 2)) {
      const tensor = model.initializers.get(weight);
      if (seen.has(weight) || !isFloat32(tensor) || tensor.dims.length < 2) continue;
      seen.add(weight);
      const short = weight.replace(WEIGHT_SUFFIX, "");
      const name = names.has(short) ? weight : short;
      names.add(name);
      layers.push({ name, node, weight, tensor });
    }
  }
  return layers;
}

/**
 * The layers whose name fits a name or glob such as "conv*".
 * @throws UserError when there are none
 */
export function selectLayers(layers: readonly Layer[], pattern: string): Layer[] {
  const fits = picomatch(pattern);
  const selected = layers.filter(({ name }) => name === pattern || fits(name));
  if (selected.length === 0) {
    const known = layers.map(({ name }) => name).join(", ") || "none";
    throw new UserError(`No layer is called "${pattern}": the layers that can be pruned are ${known}.`);
  }
  return selected;
}
