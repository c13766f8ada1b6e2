import type { Graph, Model, Node, Value } from "../graph.ts";
import { isNested } from "../nested.ts";
import { mapSubgraphs } from "../rename.ts";

/**
 * The model with a name of its own for every value, also of those in graphs inside others, where branches beside each
 * other may use one name for two values. Names that are used once stay.
 */
export function withUniqueNames(model: Model): Model {
  if (!isNested(model)) return model;
  const taken = new Set(["", ...madeBy(model)]);
  return { ...model, nodes: model.nodes.map((node) => mapSubgraphs(node, (inner) => unique(inner, new Map()))) };

  function unique(graph: Graph, outer: ReadonlyMap<string, string>): Graph {
    const names = new Map(outer);
    for (const made of madeBy(graph)) names.set(made, free(made));
    const nameOf = (name: string) => names.get(name) ?? name;
    const named = (value: Value): Value => ({ ...value, name: nameOf(value.name) });
    const nodes = graph.nodes.map(
      (node): Node => ({
        ...mapSubgraphs(node, (inner) => unique(inner, names)),
        inputs: node.inputs.map(nameOf),
        outputs: node.outputs.map(nameOf),
      }),
    );
    return {
      ...graph,
      nodes,
      inputs: graph.inputs.map(named),
      outputs: graph.outputs.map(named),
      initializers: new Map(Array.from(graph.initializers, ([name, tensor]) => [nameOf(name), tensor])),
      values: new Map(Array.from(graph.values.values(), (value) => [nameOf(value.name), named(value)])),
    };
  }

  function free(name: string): string {
    let found = name;
    for (let i = 1; taken.has(found); i++) found = `${name}_${i}`;
    taken.add(found);
    return found;
  }
}

/** What a graph itself gives names to. */
function madeBy({ nodes, inputs, initializers }: Graph): Set<string> {
  const made = nodes.flatMap(({ outputs }) => outputs).filter((name) => name !== "");
  return new Set([...inputs.map(({ name }) => name), ...initializers.keys(), ...made]);
}
