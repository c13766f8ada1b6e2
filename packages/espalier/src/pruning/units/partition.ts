/** Numbers in classes that are joined: a union-find. */
export class Partition {
  /** The parent of each number; one that is its own stands for its class. */
  readonly #parents: number[] = [];

  /** How many numbers there are. */
  get size(): number {
    return this.#parents.length;
  }

  /** A new number, in a class of its own. */
  add(): number {
    return this.#parents.push(this.#parents.length) - 1;
  }

  /** The number that stands for the class of another. */
  of(number: number): number {
    let root = number;
    while (this.#parents[root] !== root) root = this.#parents[root];
    this.#parents[number] = root;
    return root;
  }

  /** Makes the classes of two numbers one. */
  join(a: number, b: number): void {
    this.#parents[this.of(a)] = this.of(b);
  }
}
