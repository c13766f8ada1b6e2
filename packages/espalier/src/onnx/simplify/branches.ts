import { changingValues } from "../changing.ts";
import { constantOf, copyModel, type Graph, type Model, type Node } from "../graph.ts";
import { renamed } from "../rename.ts";
import type { NumericTensor } from "../tensor.ts";

/**
 * Puts the branch that is taken in the place of each If whose condition is always the same.
 * @param constants what conditions are, where initializers and Constant nodes do not tell
 * @returns undefined where there is no such If
 */
export function withoutSettledBranches(model: Model, constants: ReadonlyMap<string, NumericTensor>): Model | undefined {
  const settled = settledBranches(model, constants);
  if (settled.size === 0) return undefined;
  const changed = copyModel(model);
  changed.nodes = model.nodes.flatMap((node) => {
    const branch = settled.get(node);
    return branch ? inPlaceOf(node, branch) : [node];
  });
  for (const { initializers } of settled.values()) {
    for (const [name, tensor] of initializers) changed.initializers.set(name, tensor);
  }
  return changed;
}

/** The branch that each If takes whose condition does not change. */
function settledBranches(model: Model, constants: ReadonlyMap<string, NumericTensor>): Map<Node, Graph> {
  const changing = changingValues(model);
  const found = new Map<Node, Graph>();
  for (const node of model.nodes) {
    const [condition] = node.inputs;
    if (node.op !== "If" || node.domain !== "" || changing.has(condition)) continue;
    const value = constants.get(condition) ?? constantOf(model, condition);
    const branch = node.attributes[Number(value?.data[0]) ? "then_branch" : "else_branch"];
    if (value && branch?.kind === "graph") found.set(node, branch.value);
  }
  return found;
}

/** A branch's nodes, its outputs under the names of those of the If; an output may also be a value around it. */
function inPlaceOf({ outputs }: Node, branch: Graph): Node[] {
  const made = new Set(branch.nodes.flatMap((node) => node.outputs));
  const names = new Map<string, string>();
  const passed: Node[] = [];
  for (const [i, { name }] of branch.outputs.entries()) {
    const output = outputs[i];
    if (!output) continue;
    if (made.has(name) && !names.has(name)) names.set(name, output);
    else {
      const input = names.get(name) ?? name;
      passed.push({ name: output, op: "Identity", domain: "", inputs: [input], outputs: [output], attributes: {} });
    }
  }
  return [...branch.nodes.map((node) => renamed(node, names)), ...passed];
}
