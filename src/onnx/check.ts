import { UserError } from "../errors.ts";
import { type Graph, label } from "./graph.ts";

/**
 * Checks that every value is made once, by something before its first use.
 * @param source how messages name the file
 * @param outer the values that a subgraph sees of the graph around it
 * @throws UserError for a value made twice, one that nothing makes, or nodes in a circle
 */
export function checkGraph(graph: Graph, source: string, outer: ReadonlySet<string> = new Set()): void {
  const known = new Set([...outer, ...graph.inputs.map(({ name }) => name), ...graph.initializers.keys()]);
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      if (input && !known.has(input)) {
        throw new UserError(
          `${source} is inconsistent: node ${label(node)} reads "${input}", which nothing before it makes (the graph is cut or has a cycle); export it again.`,
        );
      }
    }
    for (const attribute of Object.values(node.attributes)) {
      if (attribute.kind === "graph") checkGraph(attribute.value, source, known);
    }
    for (const output of node.outputs) {
      if (output && known.has(output) && !outer.has(output)) {
        throw new UserError(
          `${source} is inconsistent: node ${label(node)} makes "${output}" a second time; export it again.`,
        );
      }
      if (output) known.add(output);
    }
  }
  const missing = graph.outputs.find(({ name }) => !known.has(name));
  if (missing)
    throw new UserError(`${source} is inconsistent: nothing makes its output "${missing.name}"; export it again.`);
}
