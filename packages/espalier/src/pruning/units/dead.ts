import { isFloat32 } from "../../onnx/tensor.ts";
import type { TypedModel } from "../../onnx/typed.ts";
import type { Axis, Held, Product, Side } from "../../operators/units.ts";
import type { Constants } from "./constants.ts";
import { type Flow, heldIn, productsIn } from "./flow.ts";
import type { Units } from "./units.ts";
import { groupsOf, liveUnits } from "./weights.ts";

/** The units that can go without any output changing. */
export function deadUnits(model: TypedModel, flow: Flow, constants: Constants): Set<number> {
  const { units } = flow;
  const dead = units.free();
  for (const product of productsIn(flow)) {
    for (const side of product.reads) keepWhatIsRead(product, side);
  }
  for (const axes of [...flow.links.values()].flatMap(({ sums = [] }) => sums)) keepWhatIsSummed(axes);
  for (const axis of units.axes()) {
    const carried = units.of(axis) ?? [];
    if (carried.length > 0 && carried.every((unit) => dead.has(unit))) dead.delete(carried[0]);
  }
  keepGroupsEven(dead, units, heldIn(flow));
  return dead;

  /** A product does as well without what it reads only by zeros, or what is a constant that can be folded. */
  function keepWhatIsRead(product: Product, side: Side): void {
    const carried = units.of(side.units);
    if (!carried) return;
    const tensor = model.initializers.get(product.initializer);
    const live = isFloat32(tensor) ? liveUnits(tensor, product, side) : new Uint8Array(carried.length).fill(1);
    const numbers = constants.of(side.units);
    for (const [i, unit] of carried.entries()) {
      const number = numbers?.[i] ?? Number.NaN;
      const spared = live[i] === 0 || number === 0 || (product.fold !== undefined && Number.isFinite(number));
      if (!spared) dead.delete(unit);
    }
  }

  /** A term of a sum is nothing where one of its factors is zero. */
  function keepWhatIsSummed(axes: readonly Axis[]): void {
    const numbers = axes.map((axis) => constants.of(axis));
    for (const axis of axes) {
      for (const [i, unit] of (units.of(axis) ?? []).entries()) {
        if (!numbers.some((known) => known?.[i] === 0)) dead.delete(unit);
      }
    }
  }
}

/**
 * The groups of an axis stay of one size: as many units go from each as from the one with the fewest dead, and each
 * keeps one.
 */
function keepGroupsEven(dead: Set<number>, units: Units, held: readonly Held[]): void {
  const grouped = held.flatMap(({ view, sides }) =>
    sides.map((side) => ({ axis: side.units, groups: groupsOf(view, side) })).filter(({ groups }) => groups > 1),
  );
  for (let before = -1; before !== dead.size; ) {
    before = dead.size;
    for (const { axis, groups } of grouped) {
      const carried = units.of(axis) ?? [];
      const size = carried.length / groups;
      const gone = Array.from({ length: groups }, (_, group) =>
        carried.slice(group * size, (group + 1) * size).filter((unit) => dead.has(unit)),
      );
      const most = Math.min(size - 1, ...gone.map(({ length }) => length));
      for (const unit of gone.flatMap((group) => group.slice(most))) dead.delete(unit);
    }
  }
}

/** Where the live units of an axis are; undefined for an axis without units, which stays as it is. */
export function liveIndices({ units }: Flow, dead: ReadonlySet<number>, axis: Axis): number[] | undefined {
  return units.of(axis)?.flatMap((unit, index) => (dead.has(unit) ? [] : [index]));
}
