import type { Heap } from "../kernels/heap.ts";
import type { Constant } from "./constant.ts";
import { copy, type ElementType, inHeap, type Numbers, sizeOf } from "./elements.ts";
import { Pool } from "./memory.ts";
import { Room, type Slot } from "./slot.ts";

/** The memory of a plan: where its values lie. */
export class PlanMemory {
  readonly heap: Heap;
  readonly pool: Pool;
  /** Room that is taken as long as the plan is there. */
  readonly #lasting = new Set<number>();
  readonly #constants = new Map<Constant, number>();
  #constantBytes = 0;

  constructor(heap: Heap) {
    this.heap = heap;
    this.pool = new Pool(heap);
  }

  /** Bytes of the constants that are read as they are. */
  get constantBytes(): number {
    return this.#constantBytes;
  }

  release(): void {
    this.pool.release();
    for (const at of this.#lasting) this.heap.release(at);
    this.#lasting.clear();
  }

  /** Room that other values may have at another time of a run. */
  pooled(bytes: number): Room {
    const at = this.pool.take(bytes);
    return new Room(at, false, () => this.pool.giveBack(at));
  }

  /** Room for what is computed while planning. */
  lasting(bytes: number): Room {
    const at = this.lastingAt(bytes);
    return new Room(at, true, () => {
      this.#lasting.delete(at);
      this.heap.release(at);
    });
  }

  /** Room that stays until the plan ends. */
  lastingAt(bytes: number, purpose: "plan" | "weights" = "plan"): number {
    const at = this.heap.allocate(bytes, purpose);
    this.#lasting.add(at);
    return at;
  }

  /** Where a value lies. @param eager true if it is read only while planning */
  addressOf({ store, type }: Slot, eager: boolean): number {
    if (store instanceof Room) {
      if (!eager) store.readInRuns();
      return store.at;
    }
    const placed = this.#constants.get(store);
    if (placed !== undefined) return placed;
    const bytes = store.data.byteLength;
    const at = this.lastingAt(bytes, "weights");
    this.#constants.set(store, at);
    this.#constantBytes += bytes;
    copy(store.data, inHeap(this.heap, type, at, store.data.length));
    return at;
  }

  /** The elements of a value as they lie in memory, which may grow. */
  viewOf<T extends ElementType>(slot: Slot<T>, eager: boolean): () => Numbers<T> {
    const { heap } = this;
    const at = this.addressOf(slot, eager);
    const count = sizeOf(slot.dims);
    let view = inHeap(heap, slot.type, at, count);
    return () => {
      if (view.buffer !== heap.buffer) view = inHeap(heap, slot.type, at, count);
      return view;
    };
  }
}
