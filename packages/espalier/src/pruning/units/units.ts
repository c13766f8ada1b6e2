import type { Axis } from "../../operators/units.ts";

/** Which units lie at the indices of which axes, and which of them can only go together. */
export class Units {
  /** Union-find: the parent of each unit; a unit that is its own stands for its class. */
  readonly #parents: number[] = [];
  readonly #pinned = new Set<number>();
  readonly #carried = new Map<string, Map<number, readonly number[]>>();

  /** New units, one for each index. */
  create(count: number): number[] {
    return Array.from({ length: count }, () => this.#parents.push(this.#parents.length) - 1);
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
      ?.map((unit) => this.#root(unit));
  }

  /** Makes two units one. */
  couple(a: number, b: number): void {
    this.#parents[this.#root(a)] = this.#root(b);
  }

  /** Keeps units from ever being removed. */
  pin(units: readonly number[]): void {
    for (const unit of units) this.#pinned.add(unit);
  }

  /** The classes of units that may be removed. */
  free(): Set<number> {
    const pinned = new Set(Array.from(this.#pinned, (unit) => this.#root(unit)));
    return new Set(this.#parents.map((_, unit) => this.#root(unit)).filter((unit) => !pinned.has(unit)));
  }

  /** The axes that have units, of one value or of all. */
  axes(value?: string): Axis[] {
    const values = value === undefined ? [...this.#carried] : [[value, this.#carried.get(value) ?? new Map()] as const];
    return values.flatMap(([name, axes]) => Array.from(axes.keys(), (axis) => ({ value: name, axis })));
  }

  #root(unit: number): number {
    let root = unit;
    while (this.#parents[root] !== root) root = this.#parents[root];
    this.#parents[unit] = root;
    return root;
  }
}
