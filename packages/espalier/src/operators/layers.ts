import { UserError } from "../errors.ts";
import { consumers, type Model, type Node, producers } from "../onnx/graph.ts";
import { allNodes, flattened, subgraphsOf } from "../onnx/nested.ts";
import { type FloatTensor, isFloat32 } from "../onnx/tensor.ts";
import { biasFinder } from "./bias.ts";
import { facetsOf } from "./catalogue.ts";
import { has, type LayerFacet } from "./facets.ts";
import { glob } from "./glob.ts";
import { layerName } from "./layer-names.ts";
import { constantShapes, viewOf } from "./views.ts";

/** Nodes with weights that can be pruned. */
export interface Layer {
  /** The name by which the command line and the tables call it. */
  readonly name: string;
  /** The first node that uses the weights. */
  readonly node: Node;
  /** All nodes that share them; pruning is seen by each. */
  readonly uses: readonly Node[];
  /** Which of the node's inputs brings the weights. */
  readonly operand: number;
  /**
   * The node of the network in whose graphs it lies (a branch of an If, the body of a Loop or Scan), where it does: what
   * it reads and makes is known inside only.
   */
  readonly within?: Node;
  /** The value that the weights multiply, or by which they are looked up. */
  readonly data: string;
  /** The initializer that holds the weights, as they are or in another shape or order. */
  readonly weight: string;
  /** The initializer with a number for each output unit that is added to what the layer computes. */
  readonly bias?: string;
  readonly tensor: FloatTensor;
  /**
   * The initializers of the layer: its weights, its biases and what else its nodes read. Those of a normalization right
   * behind are among them: it only scales and shifts what the layer computes, and many exports fold it into the layer.
   */
  readonly parameters: readonly string[];
}

/**
 * The layers of a network in the order in which they run. Biases are not layers: they are not pruned.
 * Weights that several nodes share are one layer; so are weights that a node reads through a Transpose or the like. W and
 * R of a recurrent node are two layers, or one for each gate where they are apart.
 * @param nested whether layers in graphs inside count: their weights can be changed, but what they compute is not seen
 */
export function layersOf(source: Model, { nested = false }: { readonly nested?: boolean } = {}): Layer[] {
  const model = nested ? flattened(source) : source;
  const outer = nested ? outerNodes(source) : new Map<Node, Node>();
  const sourceOf = viewOf(model);
  const shapeOf = constantShapes(model);
  const biasOf = biasFinder(model);
  const makers = producers(model);
  const readers = consumers(model);
  const layers = new Map<string, Layer & { readonly uses: Node[] }>();
  const names = new Set<string>();
  for (const node of model.nodes) {
    const facet = facetsOf(node)?.layer;
    if (!facet || !has(facet)) continue;
    for (const [operand, value] of facet.operands(node).flatMap((operand) => partsOf(node, operand, facet))) {
      const weight = sourceOf(value);
      const tensor = model.initializers.get(weight);
      if (!isFloat32(tensor) || (tensor.dims.length < 2 && value === weight)) continue;
      const known = layers.get(weight);
      if (known) {
        if (!known.uses.includes(node)) known.uses.push(node);
        continue;
      }
      const bias = biasOf({ node, operand, dims: shapeOf(value) });
      // Parts of recurrent weights share what else the node reads, and are called by their own names.
      const others = facet.inParts ? node.inputs.slice(3) : node.inputs;
      const own = [weight, ...others.map(sourceOf), ...(bias ? [bias] : []), ...normalizationBehind(node)];
      const parameters = [...new Set(own)].filter((name) => model.initializers.has(name));
      const named = node.inputs[2] || bias;
      const name = facet.inParts ? weight : unused(layerName(node, weight, named), node.name, weight);
      names.add(name);
      const data = facet.data(node, operand);
      const within = outer.get(node);
      layers.set(weight, { name, node, uses: [node], operand, within, data, weight, bias, tensor, parameters });
    }
  }
  return [...layers.values()];

  /** The values that an input of a node is made of: of a recurrent node's weights, those that Concat puts together. */
  function partsOf(
    node: Node,
    operand: number,
    { inParts }: LayerFacet,
  ): (readonly [operand: number, value: string])[] {
    const value = node.inputs[operand] ?? "";
    const parts = (whole: string): readonly string[] => {
      const maker = makers.get(whole);
      return maker?.op === "Concat" && maker.domain === "" ? maker.inputs.flatMap(parts) : [whole];
    };
    return (inParts ? parts(value) : [value]).map((part) => [operand, part]);
  }

  /** The first of some names that no layer has yet. */
  function unused(...candidates: readonly string[]): string {
    return candidates.find((name) => name !== "" && !names.has(name)) ?? candidates[candidates.length - 1];
  }

  /** What the BatchNormalization that reads a layer's output has of its own. */
  function normalizationBehind({ outputs: [output] }: Node): string[] {
    const nodes = (readers.get(output) ?? []).filter(({ op }) => op === "BatchNormalization");
    return nodes.flatMap(({ inputs }) => inputs.slice(1));
  }
}

/** The node of the network that each node in a graph inside lies in. */
function outerNodes({ nodes }: Model): Map<Node, Node> {
  return new Map(
    nodes.flatMap((node) =>
      subgraphsOf(node)
        .flatMap(allNodes)
        .map((inner) => [inner, node] as const),
    ),
  );
}

/**
 * The layers whose name fits a name or glob such as "conv*".
 * @throws UserError when there are none
 */
export function selectLayers(layers: readonly Layer[], pattern: string): Layer[] {
  const fits = glob(pattern);
  // A name is no path, even one that an exporter made of slashes: a star stands for anything in it.
  const selected = layers.filter(({ name }) => name === pattern || fits(name) || fits(name.replaceAll("/", ".")));
  if (selected.length === 0) {
    const known = layers.map(({ name }) => name).join(", ") || "none";
    throw new UserError(`No layer is called "${pattern}": the layers that can be pruned are ${known}.`);
  }
  return selected;
}
