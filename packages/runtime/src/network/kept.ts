import type { Bindings } from "./bind.ts";
import type { Constant } from "./constant.ts";
import type { GraphNode } from "./graph.ts";
import type { Matrix } from "./matrix.ts";

/** What nodes keep from plan to plan: their weights in memory. */
export class Kept {
  readonly matrices: Matrix[] = [];
  readonly #bindings: Bindings;
  readonly #nodes = new Map<GraphNode, unknown>();
  /** The nodes that have made something of their own of a constant. */
  readonly #makers = new Map<Constant, Set<GraphNode>>();

  constructor(bindings: Bindings) {
    this.#bindings = bindings;
  }

  /** What a node keeps; the constants of which it was made are let go when every node that reads them is done with them. */
  of<T>(node: GraphNode, constants: readonly Constant[], make: () => T): T {
    if (!this.#nodes.has(node)) {
      this.#nodes.set(node, make());
      for (const constant of constants) {
        const makers = this.#makers.get(constant) ?? new Set();
        this.#makers.set(constant, makers.add(node));
        if (makers.size === this.#bindings.readers.get(constant)?.size) constant.letGo();
      }
    }
    return this.#nodes.get(node) as T;
  }

  /** Gives back the memory of the weights. */
  release(): void {
    for (const matrix of this.matrices) matrix.release();
  }

  /** Gives constants that are still read memory of their own, so that they do not hold the whole file. */
  detach(): void {
    for (const constant of this.#bindings.readers.keys()) constant.detach();
  }
}
