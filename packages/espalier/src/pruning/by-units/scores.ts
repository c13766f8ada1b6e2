import type { LearningData } from "../../data/dataset.ts";
import type { Engine } from "../../engine/engine.ts";
import { UserError } from "../../errors.ts";
import type { Model } from "../../onnx/graph.ts";
import { isFloat32 } from "../../onnx/tensor.ts";
import type { Held, Side } from "../../operators/units.ts";
import { type EvidenceOptions, gatherEvidence } from "../../training/evidence.ts";
import type { Parameters } from "../../training/parameters.ts";
import { heldIn, productsIn } from "../units/flow.ts";
import { joinedByMakers } from "../units/groups.ts";
import { numbering } from "../units/weights.ts";
import type { Anatomy } from "./anatomy.ts";
import type { UnitScores } from "./choose.ts";

/** The criteria by which units are chosen; the last asks for no labels. */
export const UNIT_CRITERIA = ["l2", "taylor", "fisher", "reconstruction"] as const;
export type UnitCriterion = (typeof UNIT_CRITERIA)[number];

/** Adds a number for each element of a tensor to the unit that it is of. */
function addByUnit(
  { flow }: Anatomy,
  { view }: Held,
  side: Side,
  values: ArrayLike<number>,
  into: Map<number, number>,
): void {
  const units = flow.units.of(side.units) ?? [];
  const indexOf = numbering(view, side);
  const sums = new Float64Array(units.length);
  for (let i = 0; i < values.length; i++) sums[indexOf(i)] += values[i];
  for (const [i, unit] of units.entries()) into.set(unit, (into.get(unit) ?? 0) + sums[i]);
}

/**
 * |w|^2 of all that has entries for a unit, beside the mean of its group: layers differ in scale (the group norm of
 * DepGraph, arXiv 2301.12900, section 3.3).
 */
export function l2Scores(anatomy: Anatomy): UnitScores {
  const { typed, flow, free } = anatomy;
  const squares = new Map<number, number>();
  for (const held of heldIn(flow)) {
    const tensor = typed.initializers.get(held.initializer);
    if (!isFloat32(tensor)) continue;
    const values = tensor.data.map((w) => w * w);
    for (const side of held.sides) addByUnit(anatomy, held, side, values, squares);
  }
  const groupOf = joinedByMakers(flow);
  const groups = new Map<number, { sum: number; count: number }>();
  for (const unit of free) {
    const group = groups.get(groupOf(unit)) ?? { sum: 0, count: 0 };
    groups.set(groupOf(unit), group);
    group.sum += squares.get(unit) ?? 0;
    group.count++;
  }
  const meanOf = (unit: number) => {
    const { sum, count } = groups.get(groupOf(unit)) ?? { sum: 0, count: 1 };
    return sum / count || 1;
  };
  return new Map(Array.from(free, (unit) => [unit, (squares.get(unit) ?? 0) / meanOf(unit)]));
}

/**
 * How much the loss changes when a unit holds zero, from its gate's gradient G, the sum of w g over what reads the unit:
 * to first order E|G| ("taylor", Molchanov et al., arXiv 1906.10771), or with the Fisher information as the Hessian
 * E[G^2] / 2 ("fisher", Theis et al., arXiv 1801.05787), over batches.
 * @throws UserError where there is no gradient, as where a network imitates itself and nothing was changed yet
 */
export async function gradientScores(
  criterion: "taylor" | "fisher",
  engine: Engine,
  model: Model,
  data: LearningData,
  anatomy: Anatomy,
  options: Omit<EvidenceOptions, "wanted" | "onBatch">,
): Promise<UnitScores> {
  const { typed, flow, free } = anatomy;
  const products = productsIn(flow).filter(({ initializer }) => isFloat32(typed.initializers.get(initializer)));
  const read = new Set(products.flatMap(({ reads }) => reads.flatMap((side) => flow.units.of(side.units) ?? [])));
  const totals = new Map(Array.from(free, (unit) => [unit, 0]));
  let batches = 0;
  const weights = [...new Set(products.map(({ initializer }) => initializer))];
  await gatherEvidence(engine, model, data, weights, { ...options, wanted: "gradients", onBatch: addBatch });
  if (batches === 0 || Math.max(...totals.values()) === 0) {
    throw new UserError(
      `The criterion ${criterion} has nothing to go by, as the loss has no gradient here: choose l2 or reconstruction.`,
    );
  }
  return new Map(Array.from(totals, ([unit, total]) => [unit, total / batches]));

  function addBatch(gradients: Parameters): void {
    const gates = new Map<number, number>();
    for (const product of products) {
      const tensor = typed.initializers.get(product.initializer);
      const gradient = gradients.get(product.initializer);
      if (!isFloat32(tensor) || !gradient) continue;
      const values = tensor.data.map((w, i) => w * gradient.data[i]);
      for (const side of product.reads) addByUnit(anatomy, product, side, values, gates);
      // What no product reads, such as what is multiplied in a sum, is seen where it is made.
      for (const side of product.makes) {
        if (!(flow.units.of(side.units) ?? []).some((unit) => read.has(unit)))
          addByUnit(anatomy, product, side, values, gates);
      }
    }
    for (const unit of free) {
      const gate = gates.get(unit) ?? 0;
      totals.set(unit, (totals.get(unit) ?? 0) + (criterion === "taylor" ? Math.abs(gate) : (gate * gate) / 2));
    }
    batches++;
  }
}
