import { isEsp } from "../codec/container.ts";
import { decode } from "../codec/decode.ts";
import { type Machine, type MachineOptions, machine } from "../kernels/machine.ts";
import { folded } from "./fold.ts";
import { type Constant, type NetworkGraph, readGraph } from "./graph.ts";
import { sizeOf } from "./operator.ts";
import { operators } from "./operators/index.ts";
import { type Kept, type Plan, planOf } from "./plan.ts";
import { UnsupportedError } from "./unsupported.ts";

/** A tensor that is fed or comes out. */
export interface Tensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

export type NetworkOptions = MachineOptions;

/** What a network takes of the memory, in bytes. */
export interface MemoryUse {
  /**
   * What its weights take at least in the form that the kernels read: for each weight that is not zero an index, of two
   * bytes up to 65,536 columns, else of four, and its float32 value; for each row where its weights begin, and its bias;
   * other constants as they are.
   */
  readonly sparse: number;
  /** What the weights do take: a layer of which much is left is kept dense. */
  readonly weights: number;
  /** Inputs, outputs and what is between, for inputs of the last shape. */
  readonly activations: number;
  /** All that is reserved, with tables and what is free. */
  readonly total: number;
}

/** A network that runs straight from its sparse form. */
export class Network {
  /** The names of what is fed. */
  readonly inputs: readonly string[];
  /** The names of what comes out. */
  readonly outputs: readonly string[];
  readonly #machine: Machine;
  readonly #graph: NetworkGraph;
  readonly #kept: Kept = { nodes: new Map(), matrices: [] };
  #plan?: { readonly key: string; readonly plan: Plan };

  private constructor(machine: Machine, graph: NetworkGraph) {
    this.#machine = machine;
    this.#graph = graph;
    this.inputs = graph.inputs;
    this.outputs = graph.outputs;
  }

  /**
   * Makes a network ready from the bytes of an .onnx or an .esp file: one sample of the shape that it states for its
   * inputs then runs at once. Nothing of the file is kept but the weights, in their own form.
   * @throws UserError when the bytes are no model, or a damaged or newer one
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
    const network = new Network(await machine(options), graph);
    network.#prepare();
    return network;
  }

  /** What the network takes of the memory. */
  get memory(): MemoryUse {
    const { heap } = this.#machine;
    const matrices = this.#kept.matrices.reduce((sum, { sparseBytes }) => sum + sparseBytes, 0);
    return {
      sparse: matrices + (this.#plan?.plan.constantBytes ?? 0),
      weights: heap.used("weights"),
      activations: heap.used("activations"),
      total: heap.reserved,
    };
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

  /** Plans for one sample where the shapes are stated, so that the weights come into their form, and the file may go. */
  #prepare(): void {
    const shapes: Record<string, readonly number[]> = {};
    for (const name of this.inputs) {
      const stated = this.#graph.shapes.get(name) ?? [];
      const dims = stated.map((dim, axis) => dim ?? (axis === 0 ? 1 : 0));
      if (dims.length === 0 || dims.includes(0)) return;
      shapes[name] = dims;
    }
    try {
      this.#planOf(shapes);
    } catch {
      // A sample alone may not be what it is made for: a run will show.
    }
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
    return this.#planOf(shapes);
  }

  #planOf(shapes: Readonly<Record<string, readonly number[]>>): Plan {
    const key = JSON.stringify(shapes);
    if (this.#plan?.key !== key) {
      this.#plan?.plan.release();
      this.#plan = undefined;
      this.#plan = { key, plan: planOf(this.#machine, this.#graph, shapes, operators, this.#kept) };
      detach(this.#graph.constants);
    }
    return this.#plan.plan;
  }
}

/** Gives constants that no weights were made of memory of their own, so that they do not hold the whole file. */
function detach(constants: Map<string, Constant>): void {
  for (const [name, { dims, data }] of constants) {
    if (data instanceof Float32Array && data.byteLength < data.buffer.byteLength) {
      constants.set(name, { dims, data: data.slice() });
    }
  }
}
