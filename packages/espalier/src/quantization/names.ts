import type { Model } from "../onnx/graph.ts";
import { readsOf } from "../onnx/live.ts";
import { renamed } from "../onnx/rename.ts";

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

/**
 * The model with short names for the values between its nodes, and none for the nodes of some operators: in a small
 * network with many of them, names are a part of the file. Inputs, outputs and initializers keep theirs.
 * @param prefix begins the names
 * @param unnamed the operators
 */
export function withShortNames(model: Model, prefix: string, unnamed: ReadonlySet<string>): Model {
  const taken = new Set([
    ...model.initializers.keys(),
    ...[...model.inputs, ...model.outputs].map(({ name }) => name),
    // What graphs inside read keeps its name, and what they make may have any.
    ...model.nodes.flatMap((node) => readsOf(node).slice(node.inputs.length)),
  ]);
  const names = new Map<string, string>();
  let count = 0;
  for (const name of model.nodes.flatMap(({ outputs }) => outputs)) {
    if (name === "" || taken.has(name)) continue;
    let short = "";
    do short = prefix + (count++).toString(36);
    while (taken.has(short));
    names.set(name, short);
  }
  const nodes = model.nodes.map((node) => {
    const own = renamed(node, names);
    return unnamed.has(node.op) ? { ...own, name: "" } : own;
  });
  return { ...model, nodes, values: new Map() };
}
