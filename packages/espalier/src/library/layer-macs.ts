import type { Engine } from "../engine/engine.ts";
import { simplify } from "../engine/simplify.ts";
import { UserError } from "../errors.ts";
import { copyModel, fedInputs, type Model, type Node } from "../onnx/graph.ts";
import { inPlaceOf } from "../onnx/simplify/branches.ts";
import { layersOf } from "../operators/layers.ts";
import { macsOf } from "../operators/macs.ts";
import { quantizedLayersOf, quantizedMacsOf } from "../operators/quantized/layers.ts";

/** The sizes that a network's inputs leave open, but for the batch. */
export function openSizes(model: Model): string[] {
  return fedInputs(model).flatMap(({ name, shape }) =>
    (shape ?? [null, null]).flatMap((dim, axis) =>
      typeof dim === "number" || axis === 0 ? [] : (dim ?? `${name}[${axis}]`),
    ),
  );
}

/**
 * Multiply-accumulate operations of each layer for one sample, by the names of their weights; of layers in the branches
 * of an If, as if their branch was taken. Those of which it is not known are left out.
 * @param model no size of whose inputs is open, but for the batch
 * @throws UserError when the model cannot be run
 */
export async function layerMacs(engine: Engine, model: Model): Promise<Map<string, number>> {
  const outer = new Set(layersOf(model, { nested: true }).flatMap(({ within }) => (within?.op === "If" ? within : [])));
  const variants = outer.size === 0 ? [model] : BRANCHES.map((branch) => withBranches(model, outer, branch));
  const found = new Map<string, number>();
  for (const variant of variants) {
    try {
      const typed = await simplify(engine, variant, { batch: 1 });
      const batch = fedInputs(typed)[0]?.shape[0] ?? 1;
      const layers = layersOf(typed);
      for (const [i, macs] of macsOf(typed, layers).entries()) found.set(layers[i].weight, macs / batch);
      const coded = quantizedLayersOf(typed);
      for (const [i, macs] of quantizedMacsOf(typed, coded).entries()) found.set(coded[i].weight, macs / batch);
    } catch (error) {
      // A branch may not run on zeros of that shape.
      if (outer.size === 0 || !(error instanceof UserError)) throw error;
    }
  }
  return found;
}

const BRANCHES = ["then_branch", "else_branch"] as const;

/** The model with one branch of some If nodes in their place. */
function withBranches(model: Model, nodes: ReadonlySet<Node>, name: (typeof BRANCHES)[number]): Model {
  const changed = copyModel(model);
  changed.nodes = model.nodes.flatMap((node) => {
    const branch = node.attributes[name];
    if (!nodes.has(node) || branch?.kind !== "graph") return [node];
    for (const [key, tensor] of branch.value.initializers) changed.initializers.set(key, tensor);
    return inPlaceOf(node, branch.value);
  });
  return changed;
}
