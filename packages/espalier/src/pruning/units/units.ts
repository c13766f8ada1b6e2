import type { Axis } from "../../operators/units.ts";
import { Partition } from "./partition.ts";

/** Which units lie at the indices of which axes, and which of them can only go together. */
export class Units {
  readonly #classes = new Partition();
  /** Why units stay, in words. */
  readonly #pinned = new Map<number, string>();
  readonly #carried = new Map<string, Map<number, readonly number[]>>();

  /** New units, one for each index. */
  create(count: number): number[] {
    return Array.from({ length: count }, () => this.#classes.add());
  }

  /** Says which units lie along an axis, index by index; where it has some already, they become one. */
  carry({ value, axis }: Axis, units: readonly number[]): void {
    const axes = this.#carried.get(value) ?? new Map<number, readonly number[]>();
    this.#carried.set(value, axes);
    const before = axes.get(axis);
    if (before) for (const [i, unit] of units.entries()) this.couple(before[i], unit);
    else axes.set(axis, units);
  }

  /** The units at each index of an axis; undefined for axes that have none. */
  of({ value, axis }: Axis): readonly number[] | undefined {
    return this.#carried
      .get(value)
      ?.get(axis)
      ?.map((unit) => this.#classes.of(unit));
  }

  /** Makes two units one. */
  couple(a: number, b: number): void {
    this.#classes.join(a, b);
  }

  /**
   * Keeps units from ever being removed.
   * @param why in words, with the units as their subject: "are read by ..."
   */
  pin(units: readonly number[], why: string): void {
    for (const unit of units) if (!this.#pinned.has(unit)) this.#pinned.set(unit, why);
  }

  /** Why each class of units stays that does. */
  pinned(): Map<number, Set<string>> {
    const found = new Map<number, Set<string>>();
    for (const [unit, why] of this.#pinned) {
      const root = this.#classes.of(unit);
      found.set(root, (found.get(root) ?? new Set()).add(why));
    }
    return found;
  }

  /** The classes of units that may be removed. */
  free(): Set<number> {
    const pinned = this.pinned();
    const roots = Array.from({ length: this.#classes.size }, (_, unit) => this.#classes.of(unit));
    return new Set(roots.filter((unit) => !pinned.has(unit)));
  }

  /** The axes that have units, of one value or of all. */
  axes(value?: string): Axis[] {
    const values = value === undefined ? [...this.#carried] : [[value, this.#carried.get(value) ?? new Map()] as const];
    return values.flatMap(([name, axes]) => Array.from(axes.keys(), (axis) => ({ value: name, axis })));
  }
}
