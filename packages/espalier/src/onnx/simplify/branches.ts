import { constantOf, copyModel, type Graph, type Model, type Node } from "../graph.ts";
import { mapGraphs } from "../nested.ts";
import { renamed } from "../rename.ts";
import type { NumericTensor } from "../tensor.ts";

/**
 * Puts the branch that is taken in the place of each If whose condition is always the same, also inside of graphs.
 * @param model every value of which has a name of its own
 * @param constants what conditions are, where initializers and Constant nodes do not tell
 * @returns undefined where there is no such If
 */
export function withoutSettledBranches(model: Model, constants: ReadonlyMap<string, NumericTensor>): Model | undefined {
  let settled = 0;
  const changed = mapGraphs(copyModel(model), (graph) => {
    const initializers = new Map(graph.initializers);
    const nodes = graph.nodes.flatMap((node) => {
      const branch = branchTaken(node);
      if (!branch) return [node];
      settled++;
      for (const [name, tensor] of branch.initializers) initializers.set(name, tensor);
      return inPlaceOf(node, branch);
    });
    return { ...graph, nodes, initializers };
  });
  return settled > 0 ? changed : undefined;

  /** The branch of an If whose condition does not change. */
  function branchTaken({ op, domain, inputs: [condition], attributes }: Node): Graph | undefined {
    if (op !== "If" || domain !== "") return undefined;
    const value = constants.get(condition) ?? constantOf(model, condition);
    const branch = attributes[Number(value?.data[0]) ? "then_branch" : "else_branch"];
    return value && branch?.kind === "graph" ? branch.value : undefined;
  }
}

/** A branch's nodes, its outputs under the names of those of the If; an output may also be a value around it. */
export function inPlaceOf({ outputs }: Node, branch: Graph): Node[] {
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
