import { isFloat32, sizeOf } from "../../onnx/tensor.ts";
import { layersOf } from "../../operators/layers.ts";
import { macsOf } from "../../operators/macs.ts";
import { heldIn } from "../units/flow.ts";
import type { Anatomy } from "./anatomy.ts";
import type { LayerTimes } from "./times.ts";

/** By what a unit's cost is told: operations of a sample, bytes of the network, or milliseconds of a run. */
export type CostKind = "macs" | "bytes" | "time";

/** A part of the cost, which falls with the units along some sides of a tensor. */
interface Item {
  /** The classes of units at the indices of each side. */
  readonly sides: readonly (readonly number[])[];
  /** The cost with such parts of the sides left. */
  readonly cost: (parts: readonly number[]) => number;
  /** Indices of each side that are left. */
  readonly left: number[];
}

/** What a network costs as units go. */
export class UnitCosts {
  readonly #items: readonly Item[];
  /** Where each unit lies: the item, its side, and at how many indices of it. */
  readonly #places = new Map<number, { item: Item; side: number; count: number }[]>();
  #total: number;

  private constructor(items: readonly Omit<Item, "left">[], fixed: number, gone: ReadonlySet<number>) {
    this.#items = items.map((item) => ({ ...item, left: item.sides.map(({ length }) => length) }));
    this.#total = fixed + this.#items.reduce((sum, item) => sum + costOf(item), 0);
    for (const item of this.#items) {
      for (const [side, units] of item.sides.entries()) {
        for (const unit of units) {
          const places = this.#places.get(unit) ?? [];
          this.#places.set(unit, places);
          const last = places.at(-1);
          if (last?.item === item && last.side === side) last.count++;
          else places.push({ item, side, count: 1 });
        }
      }
    }
    for (const unit of gone) this.remove(unit);
  }

  /**
   * What a network costs now.
   * @param times of its layers, where the cost is time
   */
  static of(anatomy: Anatomy, kind: CostKind, times?: LayerTimes): UnitCosts {
    const held = new Map(heldIn(anatomy.flow).map(({ initializer, sides }) => [initializer, sides]));
    const items: Omit<Item, "left">[] = [];
    let fixed = kind === "time" ? (times?.whole ?? 0) : 0;
    for (const [name, whole] of kind === "bytes" ? bytesByName(anatomy) : macsByWeight(anatomy)) {
      // What the network is fed has no units.
      const sides = (held.get(name) ?? []).flatMap(({ units }) => {
        const carried = anatomy.flow.units.of(units);
        return carried ? [carried] : [];
      });
      const curve = kind === "time" ? times?.layers.get(name) : (part: number) => part * whole;
      if (!curve) continue;
      if (kind === "time") fixed -= curve(1);
      if (sides.length === 0) fixed += curve(1);
      else items.push({ sides, cost: (parts) => curve(parts.reduce((a, b) => a * b, 1)) });
    }
    return new UnitCosts(items, fixed, anatomy.gone);
  }

  get total(): number {
    return this.#total;
  }

  /** What is saved when one more unit goes, of those that are left. */
  saving(unit: number): number {
    return this.#change(unit, false);
  }

  remove(unit: number): void {
    this.#total -= this.#change(unit, true);
  }

  #change(unit: number, stays: boolean): number {
    let saved = 0;
    for (const { item, side, count } of this.#places.get(unit) ?? []) {
      const before = costOf(item);
      item.left[side] -= count;
      saved += before - costOf(item);
      if (!stays) item.left[side] += count;
    }
    return saved;
  }
}

function costOf({ sides, left, cost }: Item): number {
  return cost(left.map((count, i) => count / (sides[i].length || 1)));
}

function macsByWeight({ typed }: Anatomy): Map<string, number> {
  const layers = layersOf(typed);
  return new Map(macsOf(typed, layers).map((macs, i) => [layers[i].weight, macs]));
}

function bytesByName({ typed }: Anatomy): Map<string, number> {
  return new Map(
    Array.from(typed.initializers).flatMap(([name, tensor]) =>
      isFloat32(tensor) ? [[name, Float32Array.BYTES_PER_ELEMENT * sizeOf(tensor.dims)] as const] : [],
    ),
  );
}
