import type { Node } from "../graph.ts";
import type { NumericTensor } from "../tensor.ts";
import { type TypedModel, typedModel } from "../typed.ts";

/**
 * Puts initializers in the place of nodes that always make the same.
 * @param constants what the nodes make
 * @param isConstant chooses among the nodes that read something; those that read nothing stay
 */
export function withConstants(
  model: TypedModel,
  constants: ReadonlyMap<string, NumericTensor>,
  isConstant: (node: Node) => boolean,
): TypedModel {
  const folded = new Set(model.nodes.filter((node) => node.inputs.length > 0 && isConstant(node)));
  const made = new Set([...folded].flatMap(({ outputs }) => outputs));
  const added = [...constants].filter(([name]) => made.has(name));
  return typedModel({
    ...model,
    initializers: new Map([...model.initializers, ...added]),
    nodes: model.nodes.filter((node) => !folded.has(node)),
  });
}
