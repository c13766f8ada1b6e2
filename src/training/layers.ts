import picomatch from "picomatch";
import { UserError } from "../errors.ts";
import { consumers, type Model, type Node } from "../onnx/graph.ts";
import { viewOf } from "../onnx/roles.ts";
import { type FloatTensor, isFloat32 } from "../onnx/tensor.ts";
import { layerName } from "./layer-names.ts";

/** Nodes with weights that can be pruned. */
export interface Layer {
  /** The name by which the command line and the tables call it. */
  readonly name: string;
  /** The first node that uses the weights. */
  readonly node: Node;
  /** All nodes that share them; pruning is seen by each. */
  readonly uses: readonly Node[];
  /** Which of the node's inputs brings the weights, and which the data. */
  readonly operand: 0 | 1;
  /** The initializer that holds the weights, as they are or in another shape or order. */
  readonly weight: string;
  readonly tensor: FloatTensor;
  /**
   * The initializers of the layer: its weights, its biases and what else its nodes read. Those of a normalization right
   * behind are among them: it only scales and shifts what the layer computes, and many exports fold it into the layer.
   */
  readonly parameters: readonly string[];
}

const WEIGHTED = new Set(["Conv", "ConvTranspose", "Gemm", "MatMul"]);

/**
 * The layers of a network in the order in which they run. Biases are no layers: they are not pruned.
 * Weights that several nodes share are one layer; so are weights that a node reads through a Transpose or the like.
 */
export function layersOf(model: Model): Layer[] {
  const sourceOf = viewOf(model);
  const readers = consumers(model);
  const layers = new Map<string, Layer & { readonly uses: Node[] }>();
  const names = new Set<string>();
  for (const node of model.nodes) {
    if (!WEIGHTED.has(node.op) || node.domain !== "") continue;
    for (const operand of [0, 1] as const) {
      const value = node.inputs[operand] ?? "";
      const weight = sourceOf(value);
      const tensor = model.initializers.get(weight);
      if (!isFloat32(tensor) || (tensor.dims.length < 2 && value === weight)) continue;
      const known = layers.get(weight);
      if (known) {
        if (!known.uses.includes(node)) known.uses.push(node);
        continue;
      }
      const bias = node.inputs[2] || addedBehind(node);
      const own = [weight, ...node.inputs.map(sourceOf), ...(bias ? [bias] : []), ...normalizationBehind(node)];
      const parameters = [...new Set(own)].filter((name) => model.initializers.has(name));
      const name = unused(layerName(node, weight, bias), node.name, weight);
      names.add(name);
      layers.set(weight, { name, node, uses: [node], operand, weight, tensor, parameters });
    }
  }
  return [...layers.values()];

  /** The first of some names that no layer has yet. */
  function unused(...candidates: readonly string[]): string {
    return candidates.find((name) => name !== "" && !names.has(name)) ?? candidates[candidates.length - 1];
  }

  /** What the BatchNormalization that reads a layer's output has of its own. */
  function normalizationBehind({ outputs: [output] }: Node): string[] {
    const nodes = (readers.get(output) ?? []).filter(({ op }) => op === "BatchNormalization");
    return nodes.flatMap(({ inputs }) => inputs.slice(1));
  }

  /** The constant that the only reader of a product adds to it. */
  function addedBehind({ op, outputs: [output] }: Node): string | undefined {
    const [add, ...others] = readers.get(output) ?? [];
    if (op !== "MatMul" || add?.op !== "Add" || others.length > 0) return undefined;
    return add.inputs.find((input) => model.initializers.has(input));
  }
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
