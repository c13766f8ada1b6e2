import type { Model, Node } from "../graph.ts";
import { readsOf } from "../live.ts";
import { subgraphsOf } from "../nested.ts";

/** Operators the shape of whose result depends on what they read, from that input on. */
const DECIDING: ReadonlyMap<string, number> = new Map([
  ["AffineGrid", 1],
  ["BlackmanWindow", 0],
  ["CenterCropPad", 1],
  ["Col2Im", 1],
  ["Compress", 0],
  ["ConstantOfShape", 0],
  ["DFT", 1],
  ["Expand", 1],
  ["HammingWindow", 0],
  ["HannWindow", 0],
  ["MaxUnpool", 2],
  ["MelWeightMatrix", 0],
  ["NonMaxSuppression", 0],
  ["NonZero", 0],
  ["OneHot", 1],
  ["Pad", 1],
  ["Range", 0],
  ["Reshape", 1],
  ["Resize", 1],
  ["STFT", 1],
  ["Slice", 1],
  ["Split", 1],
  ["Squeeze", 1],
  ["Tile", 1],
  ["TopK", 1],
  ["Unique", 0],
  ["Unsqueeze", 1],
  ["Upsample", 1],
]);

/** The first input of an operator that decides the shape of its result. */
function firstDeciding(op: string): number {
  return DECIDING.get(op) ?? (op.startsWith("Reduce") ? 1 : Number.POSITIVE_INFINITY);
}

/**
 * The Shape and Size nodes that give the same for all inputs of one shape: none of what they depend on has a shape that
 * the contents of an input decide, or one that only a graph inside knows.
 */
export function shapesThatStay(model: Model): Node[] {
  // Values whose shapes are always the same, and those whose contents are.
  const shaped = new Set(["", ...model.inputs.map(({ name }) => name), ...model.initializers.keys()]);
  const constant = new Set(["", ...model.initializers.keys()]);
  const found: Node[] = [];
  for (const node of model.nodes) {
    const { op, domain, inputs, outputs } = node;
    const isShape = op === "Shape" || op === "Size";
    if (domain !== "" || subgraphsOf(node).length > 0 || /^(Sequence|Optional|Split?ToSequence)/.test(op)) continue;
    const deciding = inputs.slice(firstDeciding(op));
    if (!inputs.every((name) => shaped.has(name)) || !deciding.every((name) => constant.has(name))) continue;
    if (isShape) found.push(node);
    const isConstant =
      isShape || (!/^(Random|Bernoulli|Multinomial)/.test(op) && readsOf(node).every((name) => constant.has(name)));
    for (const output of outputs) {
      shaped.add(output);
      if (isConstant) constant.add(output);
    }
  }
  return found;
}
