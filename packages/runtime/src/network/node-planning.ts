import { UnsupportedError, UserError } from "../errors.ts";
import type { Machine } from "../kernels/machine.ts";
import type { Bound } from "./bind.ts";
import { Constant } from "./constant.ts";
import { bytesOf, type ElementType, type Numbers, sizeOf } from "./elements.ts";
import { type Graph, type GraphNode, nameOf } from "./graph.ts";
import type { Kept } from "./kept.ts";
import { type Held, Matrix } from "./matrix.ts";
import type { Elements } from "./matrix-elements.ts";
import type { Input, Operator, OutputOptions, Planning, Value } from "./operator.ts";
import type { PlanMemory } from "./plan-memory.ts";
import { NeedsNumbers, Scope, Slot, slotOf } from "./slot.ts";
import { topologyOf } from "./topology.ts";

/** What an operator reads of one of its inputs. */
type Read = Slot | readonly Slot[] | undefined;

/** A node, and the plan that it is part of. */
export interface Site {
  readonly machine: Machine;
  readonly memory: PlanMemory;
  readonly kept: Kept;
  readonly node: GraphNode;
  readonly bound: Bound;
  /** The graph or branch that it stands in, and the names in it. */
  readonly graph: Graph;
  readonly scope: Scope;
  /** Plans a branch in a scope of its own, and gives its outputs. */
  planGraph(graph: Graph, scope: Scope): readonly Slot[];
  /** Plans a node that stands in no graph. */
  planNode(node: GraphNode, bound: Bound, scope: Scope): void;
}

/** What is computed of constants while planning, and kept, is as large as a file of a few bytes may make it, */
const MOST_OF_LITTLE = 2 ** 27;
/** and so many times as large as the constants: bytes may become float64. */
const MOST_OF_BYTE = 8;

/** One node in a plan. */
export class NodePlanning implements Planning {
  readonly inputs: Readonly<Record<string, Read>>;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** True if all that the node reads is known: it is computed while planning. */
  readonly eager: boolean;
  readonly machine: Machine;
  readonly #site: Site;
  readonly #memory: PlanMemory;
  readonly #node: GraphNode;
  readonly #scope: Scope;
  readonly #sources = new Set<string>();
  readonly #scratch: number[] = [];
  readonly #branches: Scope[] = [];
  #rectified = false;

  constructor(site: Site) {
    this.machine = site.machine;
    this.#site = site;
    this.#memory = site.memory;
    this.#node = site.node;
    this.#scope = site.scope;
    const { operator, attributes } = site.bound;
    const read: Record<string, Read> = {};
    for (const [i, [name, input]] of Object.entries(operator.inputs).entries()) {
      read[name] = this.#read(i, name, input, read);
    }
    this.inputs = read;
    this.attributes = attributes;
    this.eager = this.#sources.size === 0;
  }

  #read(i: number, name: string, input: Input, before: Record<string, Read>): Read {
    const given = this.#node.inputs;
    if (input.presence !== "rest") return given[i] ? this.#one(given[i], name, input, before) : undefined;
    const all = given.slice(i).map((value) => this.#one(value, name, input, before));
    if (input.mixed) return all;
    for (const { type } of all) if (type !== all[0].type) this.refuse(`has inputs of ${all[0].type} and ${type}`);
    return all;
  }

  #one(value: string, name: string, { types, like, reads }: Input, before: Record<string, Read>): Slot {
    const slot = this.#scope.get(value);
    if (!types.includes(slot.type)) this.refuse(`has an input ${name} of ${slot.type}`);
    const other = like === undefined ? undefined : before[like];
    if (other instanceof Slot && other.type !== slot.type) {
      this.wrong(`has an input ${like} of ${other.type} and an input ${name} of ${slot.type}`);
    }
    if (reads === "numbers") for (const source of slot.sources) this.#sources.add(source);
    return slot;
  }

  /** Gives back what is needed only while the node runs. */
  end(): void {
    for (const at of this.#scratch) this.#memory.pool.giveBack(at);
    for (const scope of this.#branches) scope.end();
  }

  get set() {
    return this.#node.set;
  }

  get outputs() {
    return this.#node.outputs.length;
  }

  wants(index: number): boolean {
    return Boolean(this.#node.outputs[index]);
  }

  output<T extends ElementType>(type: T, dims: readonly number[], options: OutputOptions = {}): Value<T> {
    const { index = 0, rectified = this.#rectified } = options;
    const bytes = bytesOf(type) * sizeOf(dims);
    if (this.eager && bytes > MOST_OF_LITTLE + MOST_OF_BYTE * this.#bytesRead()) {
      this.refuse(`makes ${bytes} bytes of a few numbers`);
    }
    const room = this.eager ? this.#memory.lasting(bytes) : this.#memory.pooled(bytes);
    const slot = new Slot(type, dims, room, this.#sources, rectified);
    this.#scope.set(this.#node.outputs[index], slot);
    return slot;
  }

  #bytesRead(): number {
    const read = Object.values(this.inputs).flatMap((value) => value ?? []);
    return read.reduce((sum, { type, dims }) => sum + bytesOf(type) * sizeOf(dims), 0);
  }

  alias(value: Value, dims: readonly number[], index = 0): void {
    const { type, store, sources, rectified } = slotOf(value);
    const all = new Set([...sources, ...this.#sources]);
    this.#scope.set(this.#node.outputs[index], new Slot(type, dims, store, all, rectified));
  }

  reshaped<T extends ElementType>(value: Value<T>, dims: readonly number[]): Value<T> {
    const { type, store, sources, rectified } = slotOf(value);
    return new Slot(type, dims, store, sources, rectified);
  }

  at(value: Value): number {
    return this.#memory.addressOf(slotOf(value), this.eager);
  }

  view<T extends ElementType>(value: Value<T>): () => Numbers<T> {
    return this.#memory.viewOf(slotOf(value), this.eager);
  }

  given<T extends ElementType>(constant: Constant<T>): Value<T> {
    return new Slot(constant.type, constant.dims, constant);
  }

  constant<T extends ElementType>(value: Value<T> | undefined): Constant<T> | undefined {
    if (!value) return undefined;
    const { store, dims } = slotOf(value);
    // Under another shape it depends on those of the inputs.
    return store instanceof Constant && store.dims === dims ? store : undefined;
  }

  known<T extends ElementType>(value: Value<T>): Numbers<T> {
    const slot = slotOf(value);
    if (slot.sources.size > 0) throw new NeedsNumbers(slot.sources);
    return slot.store instanceof Constant ? slot.store.data : this.#memory.viewOf(slot, true)();
  }

  takesRelu(): boolean {
    const [name] = this.#node.outputs;
    const { graph } = this.#site;
    const [reader, ...others] = topologyOf(graph).readers.get(name) ?? [];
    const alone = reader?.op === "Relu" && others.length === 0 && !graph.outputs.includes(name);
    this.#rectified = alone;
    return alone;
  }

  kept<T>(made: readonly (Value | undefined)[], make: () => T): T {
    const constants = made.flatMap((value) => this.constant(value) ?? []);
    return this.#site.kept.of(this.#node, constants, make);
  }

  matrix(rows: number, columns: number, elements: Elements, bias?: () => Float32Array): Matrix {
    return this.held(new Matrix(this.machine, rows, columns, elements, bias));
  }

  held<T extends Held>(form: T): T {
    this.#site.kept.matrices.push(form);
    return form;
  }

  scratch(count: number): number {
    const at = this.#memory.pool.take(4 * count);
    this.#scratch.push(at);
    return at;
  }

  table(numbers: readonly number[]): number {
    const at = this.#memory.lastingAt(4 * numbers.length);
    this.machine.heap.int32s(at, numbers.length).set(numbers);
    return at;
  }

  branch(graph: Graph, fed: readonly Value[] = []): readonly Value[] {
    const scope = new Scope(this.#scope);
    this.#branches.push(scope);
    for (const [i, { name }] of graph.inputs.entries()) scope.set(name, asComputed(slotOf(fed[i])));
    return this.#site.planGraph(graph, scope);
  }

  apply(operator: Operator, inputs: readonly Value[], attributes: Readonly<Record<string, unknown>>): Value {
    const scope = new Scope();
    this.#branches.push(scope);
    const names = inputs.map((value, i) => {
      scope.set(`${i}`, slotOf(value));
      return `${i}`;
    });
    const node = { ...this.#node, inputs: names, outputs: ["output"], attributes: new Map() };
    this.#site.planNode(node, { operator, attributes }, scope);
    return scope.get("output");
  }

  wrong(reason: string): never {
    throw new UserError(
      `${nameOf(this.#node)} ${reason}: feed inputs of the shapes and types that the network is for.`,
    );
  }

  refuse(reason: string): never {
    throw new UnsupportedError(
      `${nameOf(this.#node)} ${reason}, which is not computed here: run the network with ONNX Runtime.`,
    );
  }
}

/** A value as a body sees it: what is a constant this time round may be another one the next. */
function asComputed({ type, dims, store, sources, rectified }: Slot): Slot {
  return new Slot(type, [...dims], store, sources, rectified);
}
