import type { Graph, Model, Value } from "../graph.ts";
import { readsOf, withoutDeadNodes } from "../live.ts";
import { allNodes, mapGraphs } from "../nested.ts";

/**
 * The model with only what its outputs need: nodes, also in graphs inside, initializers, and what is declared of values.
 * What is fed stays; initializers that the inputs list too are no inputs any more, as none is to be fed.
 */
export function withoutDeadParts(model: Model): Model {
  const live = mapGraphs(model, (graph) => withoutDeadNodes(graph));
  const all = allNodes(live);
  const read = new Set([...all.flatMap(readsOf), ...live.outputs.map(({ name }) => name)]);
  const made = new Set([...all.flatMap(({ outputs }) => outputs), ...live.inputs.map(({ name }) => name)]);
  const initializers = new Map([...live.initializers].filter(([name]) => read.has(name)));
  const declared = <G extends Graph>(graph: G): G => ({ ...graph, values: new Map(known(graph)) });
  const known = ({ values }: Graph): [string, Value][] => [...values].filter(([name]) => made.has(name));
  return {
    ...mapGraphs(live, declared),
    initializers,
    inputs: live.inputs.filter(({ name }) => !model.initializers.has(name)),
  };
}
