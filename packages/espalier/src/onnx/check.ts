import { UserError } from "../errors.ts";
import { type Graph, label, type Node } from "./graph.ts";
import { readsOf } from "./live.ts";

/** What is stored in an object by this name, as engines do with what they feed, is lost without a word. */
const UNNAMEABLE = "__proto__";

/** Returns true for what a value can be called: in ONNX a value without a name is one that is left out. */
export const isNameable = (name: string): boolean => name !== "" && name !== UNNAMEABLE;

/**
 * Checks that every value is made once, by something that can run before its first use, and puts the nodes into an
 * order in which they run where the file has them in another.
 * @param source how messages name the file
 * @param outer the values that a subgraph sees of the graph around it
 * @throws UserError for a value made twice, one that nothing makes, nodes in a circle, or a value called `__proto__`
 */
export function checkGraph(graph: Graph, source: string, outer: ReadonlySet<string> = new Set()): void {
  const fault = (what: string) => new UserError(`${source} is inconsistent: ${what}; export it again.`);
  const known = new Set([...outer, ...graph.inputs.map(({ name }) => name), ...graph.initializers.keys()]);
  const made = new Set(known);
  for (const node of graph.nodes) {
    for (const output of node.outputs) {
      if (output && made.has(output) && !outer.has(output))
        throw fault(`node ${label(node)} makes "${output}" a second time`);
      if (output) made.add(output);
    }
  }
  for (const node of graph.nodes) {
    const dangling = node.inputs.find((input) => input && !made.has(input));
    if (dangling) throw fault(`node ${label(node)} reads "${dangling}", which nothing makes (the graph is cut)`);
    for (const attribute of Object.values(node.attributes)) {
      if (attribute.kind === "graph") checkGraph(attribute.value, source, made);
    }
  }
  if (made.has(UNNAMEABLE)) {
    const text = `${source} calls a value "${UNNAMEABLE}", a name under which JavaScript keeps nothing: rename it.`;
    throw new UserError(text);
  }
  const missing = graph.outputs.find(({ name }) => !made.has(name));
  if (missing) throw fault(`nothing makes its output "${missing.name}"`);
  graph.nodes = inOrder(graph.nodes, known, (stuck) =>
    fault(`its nodes run in a cycle, among them ${stuck.slice(0, 3).map(label).join(", ")}`),
  );
}

/** The nodes in an order in which each comes after what it reads: their own wherever that is one (Kahn, 1962). */
function inOrder(nodes: Node[], known: Set<string>, cycle: (stuck: readonly Node[]) => UserError): Node[] {
  const own = new Set(nodes.flatMap(({ outputs }) => outputs));
  // What each node still waits for, and who waits for each value.
  const waiting = new Map<Node, number>();
  const readers = new Map<string, Node[]>();
  const sorted: Node[] = [];
  const run = (node: Node) => {
    sorted.push(node);
    for (const output of node.outputs) known.add(output);
  };
  for (const node of nodes) {
    const missing = new Set(readsOf(node).filter((value) => value && own.has(value) && !known.has(value)));
    if (missing.size === 0) run(node);
    else waiting.set(node, missing.size);
    for (const value of missing) {
      const others = readers.get(value);
      if (others) others.push(node);
      else readers.set(value, [node]);
    }
  }
  // Those that had to wait may have been read past while what they wait for came later in the file.
  for (const { outputs } of sorted) {
    for (const reader of outputs.flatMap((output) => readers.get(output) ?? [])) {
      const left = (waiting.get(reader) ?? 0) - 1;
      waiting.set(reader, left);
      if (left > 0) continue;
      waiting.delete(reader);
      run(reader);
    }
  }
  if (waiting.size > 0) throw cycle([...waiting.keys()]);
  return sorted;
}
