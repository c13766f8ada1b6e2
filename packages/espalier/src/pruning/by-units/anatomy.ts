import { annotate } from "../../engine/annotate.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Model } from "../../onnx/graph.ts";
import type { TypedModel } from "../../onnx/typed.ts";
import { applyMasks, parametersOf, withParameters } from "../../training/parameters.ts";
import { constantsOf } from "../units/constants.ts";
import { deadUnits } from "../units/dead.ts";
import { type Flow, flowOf, heldIn } from "../units/flow.ts";
import { masksWithout } from "./masks.ts";

/** The units of a network: which are gone, as pruning cut them before, and which may go. */
export interface Anatomy {
  /** The network for one sample. */
  readonly typed: TypedModel;
  readonly flow: Flow;
  readonly gone: ReadonlySet<number>;
  readonly free: ReadonlySet<number>;
}

/**
 * Looks at a network's units.
 * @param frozen initializers that stay: units with entries in them do, too
 */
export async function anatomyOf(engine: Engine, model: Model, frozen: ReadonlySet<string>): Promise<Anatomy> {
  const typed = await annotate(engine, model, { batch: 1 });
  const flow = flowOf(typed);
  const gone = deadUnits(typed, flow, constantsOf(typed, flow));
  const free = flow.units.free();
  for (const unit of gone) free.delete(unit);
  for (const unit of keptInSums({ typed, flow, gone, free })) free.delete(unit);
  for (const { initializer, sides } of heldIn(flow)) {
    if (!frozen.has(initializer)) continue;
    for (const side of sides) for (const unit of flow.units.of(side.units) ?? []) free.delete(unit);
  }
  return { typed, flow, gone, free };
}

/**
 * The units that are summed over, and would still be a term of the sum with all that makes them cut: what they go through
 * makes something else of zero.
 */
function keptInSums(anatomy: Anatomy): number[] {
  const { typed, flow, free } = anatomy;
  const sums = [...flow.links.values()].flatMap(({ sums: own = [] }) => own);
  const summed = new Set(
    sums
      .flat()
      .flatMap((axis) => flow.units.of(axis) ?? [])
      .filter((unit) => free.has(unit)),
  );
  if (summed.size === 0) return [];
  const cut = withParameters(
    typed,
    applyMasks(parametersOf(typed, typed.initializers.keys()), masksWithout(anatomy, summed)),
  );
  // The same nodes make the same units.
  const constants = constantsOf(cut, flowOf(cut));
  return sums.flatMap((axes) => {
    const numbers = axes.map((axis) => constants.of(axis));
    return (flow.units.of(axes[0]) ?? []).filter((_, i) => !numbers.some((known) => known?.[i] === 0));
  });
}
