import { constantOf, copyModel, type Graph, type Model, type Node } from "../graph.ts";
import { readsOf } from "../live.ts";
import { allNodes, allOutputs, mapGraphs } from "../nested.ts";
import { renamed } from "../rename.ts";

/** Operators that give back their input where it is the only one. */
const JOINS = new Set(["Concat", "Sum", "Max", "Min", "Mean"]);

/**
 * The model without nodes that give back what they read: Identity, Dropout as it is outside of training, and operators
 * that join several values where there is one. Outputs keep their names.
 * @param model every value of which has a name of its own
 */
export function withoutRedundantNodes(model: Model): Model {
  const outputs = allOutputs(model);
  const read = new Set([...allNodes(model).flatMap(readsOf), ...outputs]);
  const names = new Map<string, string>();
  const nameOf = (name: string): string => {
    const other = names.get(name);
    return other === undefined ? name : nameOf(other);
  };
  const changed = mapGraphs(copyModel(model), (graph) => ({ ...graph, nodes: left(graph) }));
  const final = new Map(Array.from(names.keys(), (name) => [name, nameOf(name)]));
  return { ...changed, nodes: changed.nodes.map((node) => renamed(node, final)) };

  function left(graph: Graph): Node[] {
    const makers = new Set(graph.nodes.flatMap((node) => node.outputs));
    return graph.nodes.filter((node) => {
      if (!givesBack(node)) return true;
      const input = nameOf(node.inputs[0]);
      const [output] = node.outputs;
      if (!outputs.has(output)) names.set(output, input);
      else if (makers.has(input) && !outputs.has(input)) names.set(input, output);
      else return true;
      return false;
    });
  }

  function givesBack({ op, domain, inputs, outputs: [, mask] }: Node): boolean {
    if (domain !== "" || !inputs[0]) return false;
    if (op === "Identity") return true;
    if (JOINS.has(op)) return inputs.length === 1;
    if (op !== "Dropout" || (mask && read.has(mask))) return false;
    return !inputs[2] || constantOf(model, inputs[2])?.data[0] === 0;
  }
}
