import type { Machine } from "../kernels/machine.ts";
import type { Bindings } from "./bind.ts";
import { bytesOf, copy, type ElementType, inHeap, type Numbers, sizeOf } from "./elements.ts";
import type { Graph, GraphNode } from "./graph.ts";
import type { Kept } from "./kept.ts";
import { Pool } from "./memory.ts";
import { NodePlanning } from "./node-planning.ts";
import type { Step, Value } from "./operator.ts";
import { Room, Scope, Slot } from "./slot.ts";
import { topologyOf } from "./topology.ts";

/** What a plan is made for: the shape of an input, and its elements where the plan depends on them. */
export interface Fed {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data?: Numbers;
}

/** The values on which a plan depends, and that it was not given. */
export class NeedsNumbers {
  readonly inputs: ReadonlySet<string>;

  constructor(inputs: ReadonlySet<string>) {
    this.inputs = inputs;
  }
}

/** A value that a plan reads or writes at each run. */
export interface Port {
  readonly type: ElementType;
  readonly dims: readonly number[];
  /** Its elements as they lie in memory. */
  readonly view: () => Numbers;
}

/** A network made ready for inputs of given shapes. */
export class Plan {
  readonly inputs = new Map<string, Port>();
  readonly outputs = new Map<string, Port>();
  readonly steps: Step[] = [];
  readonly machine: Machine;
  readonly kept: Kept;
  readonly pool: Pool;
  readonly #bindings: Bindings;
  /** Room that is taken as long as the plan is there. */
  readonly #lasting = new Set<number>();
  readonly #constants = new Map<object, Room>();
  #constantBytes = 0;

  /**
   * Plans a network.
   * @throws NeedsNumbers when a shape or a branch depends on the numbers of an input that are not given
   * @throws UserError when the inputs' shapes do not fit the network
   * @throws UnsupportedError when they lead to what no kernel computes
   */
  constructor(machine: Machine, graph: Graph, bindings: Bindings, fed: Readonly<Record<string, Fed>>, kept: Kept) {
    this.machine = machine;
    this.kept = kept;
    this.pool = new Pool(machine.heap);
    this.#bindings = bindings;
    try {
      const scope = new Scope();
      for (const { name } of graph.inputs) this.#enter(scope, name, fed[name]);
      for (const [i, slot] of this.planGraph(graph, scope).entries()) {
        this.outputs.set(graph.outputs[i], { type: slot.type, dims: slot.dims, view: this.viewOf(slot, false) });
      }
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** Bytes of the constants that are read as they are. */
  get constantBytes(): number {
    return this.#constantBytes;
  }

  release(): void {
    this.pool.release();
    for (const at of this.#lasting) this.machine.heap.release(at);
    this.#lasting.clear();
  }

  #enter(scope: Scope, name: string, { type, dims, data }: Fed): void {
    const bytes = bytesOf(type) * sizeOf(dims);
    const sources = new Set(data ? [] : [name]);
    const slot = new Slot(type, dims, data ? this.lasting(bytes) : this.pooled(bytes), sources);
    scope.set(name, slot);
    const view = this.viewOf(slot, false);
    if (data) copy(data, view());
    this.inputs.set(name, { type, dims, view });
  }

  /** Plans the nodes of a graph, or of a branch in a scope of its own, and gives its outputs. */
  planGraph(graph: Graph, scope: Scope): Slot[] {
    const { lastUses, reads } = topologyOf(graph);
    for (const [name, constant] of graph.constants) {
      scope.set(name, new Slot(constant.type, constant.dims, constant));
    }
    for (const [i, node] of graph.nodes.entries()) {
      this.#planNode(node, graph, scope);
      const done = new Set([...(reads.get(node) ?? []), ...node.outputs]);
      for (const name of done) if ((lastUses.get(name) ?? -1) <= i) scope.drop(name);
    }
    return graph.outputs.map((name) => scope.get(name));
  }

  #planNode(node: GraphNode, graph: Graph, scope: Scope): void {
    const bound = this.#bindings.of.get(node);
    if (!bound) throw new Error(`The node ${node.op} is planned without being bound.`);
    const planning = new NodePlanning(this, node, bound, graph, scope);
    const step = bound.operator.plan(planning);
    planning.end();
    if (!step) return;
    if (planning.eager) step();
    else this.steps.push(step);
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
      this.machine.heap.release(at);
    });
  }

  /** Room that stays until the plan ends. */
  lastingAt(bytes: number, purpose: "plan" | "weights" = "plan"): number {
    const at = this.machine.heap.allocate(bytes, purpose);
    this.#lasting.add(at);
    return at;
  }

  /** Where a value lies. @param eager true if it is read only while planning */
  addressOf({ store, type }: Slot, eager: boolean): number {
    if (store instanceof Room) {
      if (!eager) store.readInRuns();
      return store.at;
    }
    let room = this.#constants.get(store);
    if (!room) {
      const bytes = store.data.byteLength;
      room = new Room(this.lastingAt(bytes, "weights"), true, () => {});
      this.#constants.set(store, room);
      this.#constantBytes += bytes;
      copy(store.data, inHeap(this.machine.heap, type, room.at, store.data.length));
    }
    return room.at;
  }

  /** The elements of a value as they lie in memory, which may grow. */
  viewOf<T extends ElementType>(slot: Slot<T>, eager: boolean): () => Numbers<T> {
    const { heap } = this.machine;
    const at = this.addressOf(slot, eager);
    const count = sizeOf(slot.dims);
    let view = inHeap(heap, slot.type, at, count);
    return () => {
      if (view.buffer !== heap.buffer) view = inHeap(heap, slot.type, at, count);
      return view;
    };
  }
}

/** The slot that a value is. */
export function slotOf<T extends ElementType>(value: Value<T>): Slot<T> {
  if (value instanceof Slot) return value;
  throw new Error("A value of another plan.");
}
