import type { Constant } from "./constant.ts";
import type { ElementType } from "./elements.ts";
import type { Value } from "./operator.ts";

/** A stretch of memory that values share. */
export class Room {
  readonly at: number;
  readonly #release: () => void;
  readonly #known: boolean;
  #lasting = false;
  #owners = 0;

  /** @param known true if its numbers are computed while planning, and so must stay where a run reads them */
  constructor(at: number, known: boolean, release: () => void) {
    this.at = at;
    this.#known = known;
    this.#release = release;
  }

  share(): void {
    this.#owners++;
  }

  /** Every run reads it: what is known then lasts as long as the plan. */
  readInRuns(): void {
    this.#lasting = this.#known;
  }

  /** Another value no longer needs it. */
  leave(): void {
    this.#owners--;
    if (this.#owners === 0 && !this.#lasting) this.#release();
  }
}

/** A value in a plan, and where it lies. */
export class Slot<T extends ElementType = ElementType> implements Value<T> {
  readonly type: T;
  readonly dims: readonly number[];
  readonly rectified: boolean;
  /** The inputs of the network on whose numbers it depends; with none, it is computed while planning. */
  readonly sources: ReadonlySet<string>;
  /** Where it lies, or the constant that it is. */
  readonly store: Room | Constant<T>;

  constructor(
    type: T,
    dims: readonly number[],
    store: Room | Constant<T>,
    sources: ReadonlySet<string> = new Set(),
    rectified = false,
  ) {
    this.type = type;
    this.dims = dims;
    this.store = store;
    this.sources = sources;
    this.rectified = rectified;
  }
}

/** Names and what they stand for, in a graph or a branch of one. */
export class Scope {
  readonly #around: Scope | undefined;
  readonly #slots = new Map<string, Slot>();

  constructor(around?: Scope) {
    this.#around = around;
  }

  find(name: string): Slot | undefined {
    return this.#slots.get(name) ?? this.#around?.find(name);
  }

  /** The value of a name that is there: what is bound reads no other. */
  get(name: string): Slot {
    const slot = this.find(name);
    if (!slot) throw new Error(`"${name}" is read and not there.`);
    return slot;
  }

  set(name: string, slot: Slot): void {
    this.#slots.set(name, slot);
    if (slot.store instanceof Room) slot.store.share();
  }

  /** Forgets a name of its own: the memory goes back with the last value that lies there. */
  drop(name: string): void {
    const slot = this.#slots.get(name);
    if (slot?.store instanceof Room) slot.store.leave();
    this.#slots.delete(name);
  }
  /** Forgets all names of its own. */
  end(): void {
    for (const name of this.#slots.keys()) this.drop(name);
  }
}

/** The slot that a value is. */
export function slotOf<T extends ElementType>(value: Value<T>): Slot<T> {
  if (value instanceof Slot) return value;
  throw new Error("A value of another plan.");
}

/** The values on which a plan depends, and that it was not given. */
export class NeedsNumbers {
  readonly inputs: ReadonlySet<string>;

  constructor(inputs: ReadonlySet<string>) {
    this.inputs = inputs;
  }
}
