import type { Bindings } from "./bind.ts";
import type { Constant } from "./constant.ts";
import type { GraphNode } from "./graph.ts";
import type { Held } from "./matrix.ts";

/** What nodes keep from plan to plan: their weights in memory. */
export class Kept {
  readonly matrices: Held[] = [];
  readonly #readers: Bindings["readers"];
  readonly #nodes = new Map<GraphNode, unknown>();
  /** The nodes that have made something of their own of a constant. */
  readonly #makers = new Map<Constant, Set<GraphNode>>();

  /** @param readers who reads each constant that may be let go */
  constructor(readers: Bindings["readers"]) {
    this.#readers = readers;
  }

  /** What a node keeps; the constants of which it was made are let go when every node that reads them is done with them. */
  of<T>(node: GraphNode, constants: readonly Constant[], make: () => T): T {
    if (!this.#nodes.has(node)) {
      this.#nodes.set(node, make());
      for (const constant of constants) {
        const makers = this.#makers.get(constant) ?? new Set();
        this.#makers.set(constant, makers.add(node));
        if (makers.size === this.#readers.get(constant)?.size) constant.letGo();
      }
    }
    return this.#nodes.get(node) as T;
  }

  /** Gives back the memory of the weights. */
  release(): void {
    for (const matrix of this.matrices) matrix.release();
  }

  /** Decodes the constants that are still read as they are. */
  settle(): void {
    for (const constant of this.#readers.keys()) constant.settle();
  }

  /** Gives constants that are still read memory of their own, so that they do not hold the whole file. */
  detach(): void {
    for (const constant of this.#readers.keys()) constant.detach();
  }
}
