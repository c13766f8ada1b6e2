import type { Model } from "../onnx/graph.ts";

/** The model without the names of nodes that others have too: new nodes are called by what they make, as old ones may be. */
export function withOwnNames(model: Model): Model {
  const taken = new Set<string>();
  const nodes = model.nodes.map((node) => {
    if (taken.has(node.name)) return { ...node, name: "" };
    taken.add(node.name);
    return node;
  });
  return { ...model, nodes };
}
