import { type Heap, roomFor } from "../kernels/heap.ts";

/** A stretch of memory: where it begins, and how long it is. */
interface Room {
  readonly at: number;
  readonly size: number;
}

/**
 * Room that is used again within one run. It is kept apart from what lasts, as a step writes into it at every run, also
 * when a later step has been given the same room.
 */
export class Pool {
  readonly #heap: Heap;
  /** What the heap has given. */
  readonly #blocks: number[] = [];
  readonly #taken = new Map<number, Room>();
  /** In the order of their addresses. Rooms of two blocks may be joined: all are given back together. */
  #free: Room[] = [];

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  /** A part of the smallest room that fits, or new. */
  take(bytes: number): number {
    const size = roomFor(bytes);
    let best: Room | undefined;
    for (const room of this.#free) if (room.size >= size && (!best || room.size < best.size)) best = room;
    const at = best?.at ?? this.#heap.allocate(bytes, "activations");
    if (best) {
      const rest = { at: at + size, size: best.size - size };
      this.#free = this.#free.flatMap((room) => (room !== best ? room : rest.size > 0 ? rest : []));
    } else this.#blocks.push(at);
    this.#taken.set(at, { at, size });
    return at;
  }

  /** From the next node on it may be used again. */
  giveBack(at: number): void {
    const room = this.#taken.get(at);
    if (!room) return;
    this.#taken.delete(at);
    const rooms = [...this.#free, room].sort((a, b) => a.at - b.at);
    this.#free = [];
    for (const { at, size } of rooms) {
      const last = this.#free.at(-1);
      if (last && last.at + last.size === at)
        this.#free[this.#free.length - 1] = { at: last.at, size: last.size + size };
      else this.#free.push({ at, size });
    }
  }

  release(): void {
    for (const at of this.#blocks) this.#heap.release(at);
  }
}
