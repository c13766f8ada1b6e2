import { constantTensor, copyModel, type Model } from "../graph.ts";
import { allOutputs, mapGraphs } from "../nested.ts";
import type { Tensor } from "../tensor.ts";

/**
 * The model with what Constant nodes hold, and the initializers of graphs inside, as its own initializers under the
 * same names. What a graph gives as an output stays where it is made.
 * @param model every value of which has a name of its own
 * @param isWanted chooses among them; default: all
 */
export function withLiftedConstants(
  model: Model,
  isWanted: (name: string, tensor: Tensor) => boolean = () => true,
): Model {
  const fixed = allOutputs(model);
  const lifted = new Map<string, Tensor>();
  const lifts = (name: string, tensor: Tensor) => {
    if (fixed.has(name) || !isWanted(name, tensor)) return false;
    lifted.set(name, tensor);
    return true;
  };
  const changed = mapGraphs(copyModel(model), (graph) => ({
    ...graph,
    nodes: graph.nodes.filter((node) => {
      const tensor = constantTensor(node);
      return !(tensor && lifts(node.outputs[0], tensor));
    }),
    initializers: new Map(
      [...graph.initializers].filter(
        ([name, tensor]) => graph.inputs.some((i) => i.name === name) || !lifts(name, tensor),
      ),
    ),
  }));
  for (const [name, tensor] of lifted) changed.initializers.set(name, tensor);
  return changed;
}
