import type { Heap } from "../kernels/heap.ts";

/**
 * Room that is used again within one run. It is kept apart from what lasts, as a step writes into it at every run, also
 * when a later step has been given the same room.
 */
export class Pool {
  readonly #heap: Heap;
  readonly #sizes = new Map<number, number>();
  readonly #free = new Set<number>();

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  /** The smallest room that fits, or new. */
  take(bytes: number): number {
    let best: number | undefined;
    for (const at of this.#free) {
      const size = this.#size(at);
      if (size >= bytes && (best === undefined || size < this.#size(best))) best = at;
    }
    if (best !== undefined) {
      this.#free.delete(best);
      return best;
    }
    const at = this.#heap.allocate(bytes);
    this.#sizes.set(at, bytes);
    return at;
  }

  /** From the next node on it may be used again. */
  giveBack(at: number): void {
    if (this.#sizes.has(at)) this.#free.add(at);
  }

  release(): void {
    for (const at of this.#sizes.keys()) this.#heap.release(at);
  }

  #size(at: number): number {
    return this.#sizes.get(at) ?? 0;
  }
}
