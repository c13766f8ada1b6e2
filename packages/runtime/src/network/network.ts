import { UnsupportedError, UserError } from "../errors.ts";
import { type Machine, type MachineOptions, machine } from "../kernels/machine.ts";
import { type Bindings, bind } from "./bind.ts";
import { bytesUnder, copy, over } from "./elements.ts";
import { checkRun, type FedTensor, fedFor, type Tensor, type TensorData, typeOfInput, writeOutput } from "./feed.ts";
import { type Fixed, fixed } from "./fix.ts";
import { folded } from "./fold.ts";
import { fused } from "./fuse.ts";
import { hardSwishesFused } from "./fuse-hard-swish.ts";
import type { Graph } from "./graph.ts";
import { Kept } from "./kept.ts";
import { checkOptions, own } from "./known-names.ts";
import { modelIn } from "./model-bytes.ts";
import type { Operators } from "./operator.ts";
import { neededFor } from "./operators/index.ts";
import { type Fed, Plan } from "./plan.ts";
import { readGraph } from "./read-graph.ts";
import { NeedsNumbers } from "./slot.ts";

/** How a network is run. */
export interface NetworkOptions extends MachineOptions {
  /** Inputs that are the same in every run, by their names: numbers that are no longer fed, `{ sr: 16000n }`. */
  readonly fixed?: Fixed;
}

const OPTIONS = ["fixed", "kernels", "threads"] satisfies readonly (keyof NetworkOptions)[];

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
  readonly #graph: Graph;
  readonly #bindings: Bindings;
  readonly #kept: Kept;
  /** Inputs on whose numbers shapes or branches depend: a plan is for these numbers alone. */
  readonly #pinned = new Set<string>();
  #fed: Readonly<Record<string, Fed>> = {};
  #plan: Plan | undefined;
  #released = false;

  private constructor(machine: Machine, graph: Graph, operators: Operators) {
    this.#machine = machine;
    this.#graph = graph;
    this.#bindings = bind(graph, operators);
    this.#kept = new Kept(this.#bindings.readers);
    this.inputs = graph.inputs.map(({ name }) => name);
    this.outputs = graph.outputs;
  }

  /**
   * Makes a network ready from the bytes of an .onnx or an .esp file: one sample of the shape that it states for its
   * inputs then runs at once. Nothing of the file is kept but the weights, in their own form.
   * @throws UserError when the bytes are not a model, or a damaged or newer one, or an option cannot be
   * @throws UnsupportedError when it asks for what is not computed here: ONNX Runtime then takes its place
   */
  static async load(bytes: Uint8Array | ArrayBuffer, options: NetworkOptions = {}): Promise<Network> {
    checkOptions(options, OPTIONS);
    const { model, coded } = await modelIn(bytes);
    const graph = fixed(readGraph(model, coded), options.fixed);
    const { operators, before, after, kernels } = await neededFor(graph);
    bind(graph, operators);
    for (const input of graph.inputs) typeOfInput(input);
    const on = await machine(options, kernels);
    try {
      const network = new Network(on, hardSwishesFused(fused(after(folded(on, before(graph), operators)))), operators);
      network.#prepare();
      network.#kept.settle();
      return network;
    } catch (error) {
      on.crew?.release();
      throw error;
    }
  }

  /** What the network takes of the memory. */
  get memory(): MemoryUse {
    const { heap } = this.#machine;
    const matrices = this.#kept.matrices.reduce((sum, { sparseBytes }) => sum + sparseBytes, 0);
    return {
      sparse: matrices + (this.#plan?.constantBytes ?? 0),
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
    this.#released = true;
    this.#machine.crew?.release();
  }

  /**
   * Runs the network once.
   * @param feeds tensors by the names of the inputs, in the element types of the model
   * @param into arrays that outputs are written into, by their names; default: new ones
   * @throws UserError when an input is missing, or is not what the network takes, or a name is not known, or the network was released
   * @throws UnsupportedError when inputs of these shapes lead to what is not computed here
   */
  run(
    feeds: Readonly<Record<string, FedTensor>>,
    into: Readonly<Record<string, TensorData>> = {},
  ): Record<string, Tensor> {
    if (this.#released) throw new UserError("The network was released: load it again to run it.");
    checkRun(feeds, into, this.inputs, this.outputs);
    const fed: Record<string, Fed & { readonly data: TensorData }> = {};
    for (const input of this.#graph.inputs) {
      const { name } = input;
      const { dims, data } = fedFor(input, own(feeds, name), this.inputs);
      fed[name] = { type: typeOfInput(input), dims, data };
    }
    const plan = this.#planFor(fed);
    for (const [name, { type, view }] of plan.inputs) {
      const to = view();
      copy(fed[name].data, to);
      if (type === "bool") for (let i = 0; i < to.length; i++) to[i] = to[i] ? 1 : 0;
    }
    for (const step of plan.steps) step();
    const results: Record<string, Tensor> = {};
    for (const [name, { type, dims, view }] of plan.outputs) {
      const found = view();
      const given = own(into, name);
      const data = given
        ? writeOutput(name, type, found, given)
        : over(type, bytesUnder(found).slice().buffer, 0, found.length);
      results[name] = { type, dims, data };
    }
    return results;
  }

  /** Plans for one sample where the shapes are stated, so that the weights come into their form, and the file may go. */
  #prepare(): void {
    const fed: Record<string, Fed> = {};
    for (const input of this.#graph.inputs) {
      const dims = input.dims?.map((dim, axis) => dim ?? (axis === 0 ? 1 : 0));
      if (!dims || dims.includes(0)) return;
      fed[input.name] = { type: typeOfInput(input), dims };
    }
    try {
      this.#makePlan(fed);
    } catch (error) {
      // What is not computed is not for one sample either; for what else is wrong, a sample alone may not be what the
      // network is made for: a run will show.
      if (error instanceof UnsupportedError) throw error;
      if (!(error instanceof UserError || error instanceof NeedsNumbers)) throw error;
    }
  }

  /** The plan for what is fed: a network plans anew when shapes change, or numbers on which the plan depends. */
  #planFor(fed: Readonly<Record<string, Fed & { readonly data: TensorData }>>): Plan {
    if (this.#plan && this.#isPlannedFor(fed)) return this.#plan;
    for (;;) {
      const asked = Object.fromEntries(
        Object.entries(fed).map(([name, { type, dims, data }]): [string, Fed] => [
          name,
          this.#pinned.has(name) ? { type, dims, data: copyOf(data, type) } : { type, dims },
        ]),
      );
      try {
        return this.#makePlan(asked);
      } catch (error) {
        if (!(error instanceof NeedsNumbers)) throw error;
        for (const name of error.inputs) this.#pinned.add(name);
      }
    }
  }

  #isPlannedFor(fed: Readonly<Record<string, Fed & { readonly data: TensorData }>>): boolean {
    return this.#graph.inputs.every(({ name }) => {
      const [planned, { dims, data }] = [this.#fed[name], fed[name]];
      return (
        planned.dims.length === dims.length &&
        planned.dims.every((dim, axis) => dim === dims[axis]) &&
        (!planned.data || sameBytes(planned.data, data))
      );
    });
  }

  #makePlan(fed: Readonly<Record<string, Fed>>): Plan {
    this.#plan?.release();
    this.#plan = undefined;
    this.#plan = new Plan(this.#machine, this.#graph, this.#bindings, fed, this.#kept);
    this.#fed = fed;
    this.#kept.detach();
    return this.#plan;
  }
}

function copyOf(data: TensorData, type: Fed["type"]): TensorData {
  return over(type, bytesUnder(data).slice().buffer, 0, data.length);
}

function sameBytes(a: TensorData, b: TensorData): boolean {
  const [left, right] = [bytesUnder(a), bytesUnder(b)];
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}
