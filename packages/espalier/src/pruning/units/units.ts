/**
 * The words of neuron removal: a *unit* is one output of a dense layer or one channel of a convolution. It is seen at
 * an index of the channel axis (axis 1) of every value that carries it: after Relu or pooling at the same index, after
 * Flatten at several, after Concat at another. Units that are added to each other become one unit: they can only go
 * together.
 */
export class Units {
  /** Union-find: the parent of each unit; a unit that is its own stands for its class. */
  readonly #parents: number[] = [];
  readonly #pinned = new Set<number>();
  readonly #carried = new Map<string, readonly number[]>();

  /** Units that are new at a value, one for each index. */
  create(value: string, count: number): void {
    const units = Array.from({ length: count }, () => this.#parents.push(this.#parents.length) - 1);
    this.#carried.set(value, units);
  }

  /** Says which units a value carries, index by index. */
  carry(value: string, units: readonly number[]): void {
    this.#carried.set(value, units);
  }

  /** The units at each index of a value's channel axis; undefined for values that are not looked into. */
  of(value: string): readonly number[] | undefined {
    return this.#carried.get(value)?.map((unit) => this.#root(unit));
  }

  /** Makes the units of two values one, index by index. */
  couple(a: string, b: string): void {
    const others = this.of(b) ?? [];
    for (const [i, unit] of (this.of(a) ?? []).entries()) this.#parents[this.#root(unit)] = this.#root(others[i]);
  }

  /** Keeps the units of a value from ever being removed. */
  pin(value: string): void {
    for (const unit of this.#carried.get(value) ?? []) this.#pinned.add(unit);
  }

  /** The classes of units that may be removed. */
  free(): Set<number> {
    const pinned = new Set(Array.from(this.#pinned, (unit) => this.#root(unit)));
    return new Set(this.#parents.map((_, unit) => this.#root(unit)).filter((unit) => !pinned.has(unit)));
  }

  /** The values that carry units. */
  values(): IterableIterator<string> {
    return this.#carried.keys();
  }

  #root(unit: number): number {
    let root = unit;
    while (this.#parents[root] !== root) root = this.#parents[root];
    this.#parents[unit] = root;
    return root;
  }
}
