import type { Held } from "../../operators/units.ts";
import { heldIn } from "../units/flow.ts";
import { Partition } from "../units/partition.ts";
import { groupsOf } from "../units/weights.ts";
import type { Anatomy } from "./anatomy.ts";
import type { UnitCosts } from "./costs.ts";

/** How much would be lost with each unit, in any unit of measurement. */
export type UnitScores = ReadonlyMap<number, number>;

/** The part of its units that an axis loses at once at most: scores are of the network as it is. */
const MOST = 0.5;

/**
 * Chooses units to remove, those that matter least for what they cost, until the network costs no more than wanted. What
 * lies in parts of one size loses as much of each; every axis keeps a unit.
 * @param costs of the network as it is; those of the smaller one afterwards
 */
export function chooseUnits(anatomy: Anatomy, scores: UnitScores, costs: UnitCosts, wanted: number): Set<number> {
  const ranked = bundlesOf(anatomy, scores)
    .map((units) => {
      const saved = units.reduce((sum, unit) => sum + costs.saving(unit), 0);
      const lost = units.reduce((sum, unit) => sum + (scores.get(unit) ?? 0), 0);
      return { units, saved, price: lost / saved };
    })
    .filter(({ saved }) => saved > 0)
    .sort((a, b) => a.price - b.price);
  const room = new Room(anatomy);
  const removed = new Set<number>();
  for (const { units } of ranked) {
    if (costs.total <= wanted) break;
    if (!room.take(units)) continue;
    for (const unit of units) {
      costs.remove(unit);
      removed.add(unit);
    }
  }
  return removed;
}

/** How many units each axis may still lose. */
class Room {
  readonly #left: number[] = [];
  readonly #axes = new Map<number, number[]>();

  constructor({ flow, gone }: Anatomy) {
    const known = new Set<string>();
    for (const axis of flow.units.axes()) {
      const units = [...new Set(flow.units.of(axis))].filter((unit) => !gone.has(unit));
      const key = units.join();
      if (known.has(key)) continue;
      known.add(key);
      const at = this.#left.push(units.length - Math.max(1, Math.ceil(units.length * (1 - MOST)))) - 1;
      for (const unit of units) this.#axes.set(unit, [...(this.#axes.get(unit) ?? []), at]);
    }
  }

  /** Takes some units where every axis has room for them. */
  take(units: readonly number[]): boolean {
    const axes = units.flatMap((unit) => this.#axes.get(unit) ?? []);
    for (const axis of axes) this.#left[axis]--;
    if (axes.every((axis) => this.#left[axis] >= 0)) return true;
    for (const axis of axes) this.#left[axis]++;
    return false;
  }
}

/** The units that may go, together with those that have to go with them so that parts stay of one size. */
function bundlesOf({ flow, gone, free }: Anatomy, scores: UnitScores): number[][] {
  const candidates = [...free].filter((unit) => scores.has(unit)).sort((a, b) => a - b);
  const places = new Map(candidates.map((unit, i) => [unit, i]));
  const joined = new Partition();
  for (const _ of candidates) joined.add();
  const bound = new Set<number>();
  for (const parts of partsIn(heldIn(flow))) {
    // The least of one part goes with the least of each other.
    const least = parts.map((part) =>
      part
        .filter((unit) => places.has(unit) && !gone.has(unit))
        .sort((a, b) => (scores.get(a) ?? 0) - (scores.get(b) ?? 0) || a - b),
    );
    const count = Math.min(...least.map(({ length }) => length));
    for (let i = 0; i < count; i++) {
      for (const part of least) joined.join(places.get(least[0][i]) ?? 0, places.get(part[i]) ?? 0);
    }
    for (const unit of least.flatMap((part) => part.slice(count))) bound.add(unit);
  }
  const bundles = new Map<number, number[]>();
  for (const [i, unit] of candidates.entries()) {
    const key = joined.of(i);
    bundles.set(key, [...(bundles.get(key) ?? []), unit]);
  }
  return [...bundles.values()].filter((units) => !units.some((unit) => bound.has(unit)));

  /** The units of each part of the axes that are in parts. */
  function partsIn(held: readonly Held[]): number[][][] {
    return held.flatMap(({ view, sides }) =>
      sides.flatMap((side) => {
        const groups = groupsOf(view, side);
        const carried = flow.units.of(side.units) ?? [];
        const size = carried.length / groups;
        if (groups === 1 || carried.length === 0) return [];
        return [
          Array.from({ length: groups }, (_, group) => [...new Set(carried.slice(group * size, (group + 1) * size))]),
        ];
      }),
    );
  }
}
