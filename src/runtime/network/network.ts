import { isEsp } from "../container.ts";
import { decode } from "../decode.ts";
import { type Machine, type MachineOptions, machine } from "../kernels/machine.ts";
import { folded } from "./fold.ts";
import { type GraphNode, type NetworkGraph, readGraph } from "./graph.ts";
import { operators } from "./operators/index.ts";
import { type Plan, planOf, sizeOf, UnsupportedError } from "./plan.ts";

/** A tensor that is fed or comes out. */
export interface Tensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

export type NetworkOptions = MachineOptions;

/** A network that runs straight from its sparse form. */
export class Network {
  /** The names of what is fed. */
  readonly inputs: readonly string[];
  /** The names of what comes out. */
  readonly outputs: readonly string[];
  readonly #machine: Machine;
  readonly #graph: NetworkGraph;
  readonly #kept = new Map<GraphNode, unknown>();
  #plan?: { readonly key: string; readonly plan: Plan };

  private constructor(machine: Machine, graph: NetworkGraph) {
    this.#machine = machine;
    this.#graph = graph;
    this.inputs = graph.inputs;
    this.outputs = graph.outputs;
  }

  /**
   * Makes a network ready from the bytes of an .onnx or an .esp file.
   * @throws UserError when an .esp file is damaged, or newer
   * @throws UnsupportedError when it has an operator that is not run here: ONNX Runtime then takes its place
   */
  static async load(bytes: Uint8Array, options: NetworkOptions = {}): Promise<Network> {
    const graph = folded(readGraph(isEsp(bytes) ? decode(bytes) : bytes));
    const unknown = graph.nodes.find(({ op }) => !operators.has(op));
    if (unknown) {
      throw new UnsupportedError(
        `The runtime has no operator ${unknown.op} (node "${unknown.name || unknown.outputs[0]}"): run the network with ONNX Runtime.`,
      );
    }
    return new Network(await machine(options), graph);
  }

  /** Bytes that weights, plan and activations take. */
  get bytes(): number {
    return this.#machine.heap.used;
  }

  /** Threads that share the work. */
  get threads(): number {
    return this.#machine.crew?.size ?? 1;
  }

  /** Ends the other threads; the network runs no more. */
  release(): void {
    this.#machine.crew?.release();
  }

  /**
   * Runs the network once.
   * @param feeds float32 tensors by the names of the inputs
   * @throws Error when an input is missing, or of another size than its shape
   */
  run(feeds: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
    const { heap } = this.#machine;
    const plan = this.#planFor(feeds);
    for (const [name, { at, dims }] of plan.inputs) heap.floats(at, sizeOf(dims)).set(feeds[name].data);
    for (const step of plan.steps) step();
    return Object.fromEntries(
      Array.from(plan.outputs, ([name, { at, dims }]) => [name, { dims, data: heap.floats(at, sizeOf(dims)).slice() }]),
    );
  }

  /** The plan for inputs of these shapes: a network plans anew when they change. */
  #planFor(feeds: Readonly<Record<string, Tensor>>): Plan {
    const shapes: Record<string, readonly number[]> = {};
    for (const name of this.inputs) {
      const feed = feeds[name];
      if (!feed) throw new Error(`The input "${name}" is missing: the network takes ${this.inputs.join(", ")}.`);
      if (sizeOf(feed.dims) !== feed.data.length) {
        throw new Error(`The input "${name}" is [${feed.dims}] and holds ${feed.data.length} numbers.`);
      }
      shapes[name] = feed.dims;
    }
    const key = JSON.stringify(shapes);
    if (this.#plan?.key !== key) {
      this.#plan?.plan.release();
      this.#plan = undefined;
      this.#plan = { key, plan: planOf(this.#machine, this.#graph, shapes, operators, this.#kept) };
    }
    return this.#plan.plan;
  }
}
