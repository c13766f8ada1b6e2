import type { Engine } from "../engine/engine.ts";
import { withFoundSizes } from "../engine/found-sizes.ts";
import { simplify } from "../engine/simplify.ts";
import type { Model } from "../onnx/graph.ts";
import { flowOf } from "../pruning/units/flow.ts";
import { type UnitGroup, unitGroups } from "../pruning/units/groups.ts";

/**
 * Finds which units of a network can only go together, where their entries lie, and which stay and why. Sizes that its
 * inputs leave open are of those with which it runs.
 * @throws UserError when the model cannot be run
 */
export async function unitGroupsIn(engine: Engine, model: Model): Promise<UnitGroup[]> {
  const typed = await simplify(engine, await withFoundSizes(engine, model), { batch: 1 });
  return unitGroups(typed, flowOf(typed));
}
