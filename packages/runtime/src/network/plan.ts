import type { Machine } from "../kernels/machine.ts";
import type { Bindings, Bound } from "./bind.ts";
import { bytesOf, copy, type ElementType, type Numbers, sizeOf } from "./elements.ts";
import type { Graph, GraphNode } from "./graph.ts";
import type { Kept } from "./kept.ts";
import { NodePlanning } from "./node-planning.ts";
import type { Step } from "./operator.ts";
import { PlanMemory } from "./plan-memory.ts";
import { Scope, Slot } from "./slot.ts";
import { topologyOf } from "./topology.ts";

const EMPTY: Graph = { nodes: [], constants: new Map(), inputs: [], outputs: [] };

/** What a plan is made for: the shape of an input, and its elements where the plan depends on them. */
export interface Fed {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data?: Numbers;
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
  readonly #machine: Machine;
  readonly #memory: PlanMemory;
  readonly #kept: Kept;
  readonly #bindings: Bindings;

  /**
   * Plans a network.
   * @throws NeedsNumbers when a shape or a branch depends on the numbers of an input that are not given
   * @throws UserError when the inputs' shapes do not fit the network
   * @throws UnsupportedError when they lead to what no kernel computes
   */
  constructor(machine: Machine, graph: Graph, bindings: Bindings, fed: Readonly<Record<string, Fed>>, kept: Kept) {
    this.#machine = machine;
    this.#memory = new PlanMemory(machine.heap);
    this.#kept = kept;
    this.#bindings = bindings;
    try {
      const scope = new Scope();
      for (const { name } of graph.inputs) this.#enter(scope, name, fed[name]);
      for (const [i, slot] of this.#planGraph(graph, scope).entries()) {
        this.outputs.set(graph.outputs[i], {
          type: slot.type,
          dims: slot.dims,
          view: this.#memory.viewOf(slot, false),
        });
      }
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** Bytes of the constants that are read as they are. */
  get constantBytes(): number {
    return this.#memory.constantBytes;
  }

  release(): void {
    this.#memory.release();
  }

  #enter(scope: Scope, name: string, { type, dims, data }: Fed): void {
    const bytes = bytesOf(type) * sizeOf(dims);
    const sources = new Set(data ? [] : [name]);
    const slot = new Slot(type, dims, data ? this.#memory.lasting(bytes) : this.#memory.pooled(bytes), sources);
    scope.set(name, slot);
    const view = this.#memory.viewOf(slot, false);
    if (data) copy(data, view());
    this.inputs.set(name, { type, dims, view });
  }

  /** Plans the nodes of a graph, or of a branch in a scope of its own, and gives its outputs. */
  #planGraph(graph: Graph, scope: Scope): Slot[] {
    const { lastUses, reads } = topologyOf(graph);
    for (const [name, constant] of graph.constants) {
      scope.set(name, new Slot(constant.type, constant.dims, constant));
    }
    for (const [i, node] of graph.nodes.entries()) {
      const bound = this.#bindings.of.get(node);
      if (!bound) throw new Error(`The node ${node.op} is planned without being bound.`);
      this.#planNode(node, bound, graph, scope);
      const done = new Set([...(reads.get(node) ?? []), ...node.outputs]);
      for (const name of done) if ((lastUses.get(name) ?? -1) <= i) scope.drop(name);
    }
    return graph.outputs.map((name) => scope.get(name));
  }

  #planNode(node: GraphNode, bound: Bound, graph: Graph, scope: Scope): void {
    const planning = new NodePlanning({
      machine: this.#machine,
      memory: this.#memory,
      kept: this.#kept,
      planGraph: (branch, inside) => this.#planGraph(branch, inside),
      planNode: (alone, as, inside) => this.#planNode(alone, as, EMPTY, inside),
      node,
      bound,
      graph,
      scope,
    });
    const step = bound.operator.plan(planning);
    planning.end();
    if (!step) return;
    if (planning.eager) step();
    else this.steps.push(step);
  }
}
