import { UserError } from "../errors.ts";
import type { Attributes } from "./attributes.ts";
import type { DType } from "./dtype.ts";
import { float32, int64s, type NumericTensor, scalar, type Tensor, type TensorType } from "./tensor.ts";

/**
 * What a file said of an object beyond the fields modelled here (doc strings, annotations, ...).
 * Only the reader makes one and only the writer looks inside, so that writing gives everything back.
 */
export type Residue = object;

/** One operator applied to named values. An empty name stands for an optional input or output left out. */
export interface Node {
  readonly name: string;
  readonly op: string;
  /** "" for the operators of ONNX itself. */
  readonly domain: string;
  /** Tells functions of one domain and name apart. */
  readonly overload?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
  readonly residue?: Residue;
}

/** A size that is a number, the name of a symbol ("batch"), or unknown. */
export type Dim = number | string | null;

/** What is declared of a value: its element type and shape, where known. */
export interface Value {
  readonly name: string;
  readonly dtype?: DType;
  readonly shape?: readonly Dim[];
  readonly residue?: Residue;
}

/** A network: nodes in an order in which they can run, over named values. */
export interface Graph {
  name: string;
  nodes: Node[];
  /** What is fed; files of IR version 3 list their initializers here too. */
  inputs: Value[];
  outputs: Value[];
  /** Weights, biases and other constants by the name of their value. */
  initializers: Map<string, Tensor>;
  /** What is declared of the values in between. */
  values: Map<string, Value>;
  residue?: Residue;
}

/** An operator that a file defines itself: a graph without weights, run in the place of each node that names it. */
export interface ModelFunction extends Graph {
  readonly domain: string;
  readonly overload: string;
  /** The attributes that a call may set. */
  readonly parameters: readonly string[];
  /** Attributes that a call may leave out. */
  readonly defaults: Attributes;
  /** The operator sets of its own nodes. */
  readonly opsets: ReadonlyMap<string, number>;
}

/** A graph with what a file needs around it. */
export interface Model extends Graph {
  irVersion: number;
  /** The version of each operator set in use; "" is ONNX's own. */
  opsets: Map<string, number>;
  functions?: readonly ModelFunction[];
  metadata: Map<string, string>;
  /** The program that wrote the file, as it says. */
  readonly producer?: string;
  modelResidue?: Residue;
}

/** The operator set that the project's own graphs are written in. */
export const OPSET = 18;

/** A model without nodes. */
export function emptyModel(name: string): Model {
  return {
    name,
    nodes: [],
    inputs: [],
    outputs: [],
    initializers: new Map(),
    values: new Map(),
    irVersion: 8,
    opsets: new Map([["", OPSET]]),
    metadata: new Map(),
  };
}

/** A model whose lists and maps can be changed without changing the given one's; nodes and tensors are shared. */
export function copyModel(model: Model): Model {
  return {
    ...model,
    nodes: [...model.nodes],
    inputs: [...model.inputs],
    outputs: [...model.outputs],
    initializers: new Map(model.initializers),
    values: new Map(model.values),
    opsets: new Map(model.opsets),
    metadata: new Map(model.metadata),
  };
}

/** Takes an initializer away, also from the inputs, among which older files list it. */
export function removeInitializer(model: Model, name: string): void {
  model.initializers.delete(name);
  model.inputs = model.inputs.filter((input) => input.name !== name);
}

/** The inputs that a caller feeds: those that no initializer fills. */
export function fedInputs<V extends Value>(graph: {
  readonly inputs: readonly V[];
  readonly initializers: ReadonlyMap<string, Tensor>;
}): V[] {
  return graph.inputs.filter(({ name }) => !graph.initializers.has(name));
}

/** The node that computes each value. */
export function producers(graph: Graph): Map<string, Node> {
  const found = new Map<string, Node>();
  for (const node of graph.nodes) for (const output of node.outputs) if (output) found.set(output, node);
  return found;
}

/** The nodes that read each value, in their order in the graph. */
export function consumers(graph: Graph): Map<string, Node[]> {
  const found = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    for (const input of new Set(node.inputs)) {
      const readers = found.get(input);
      if (readers) readers.push(node);
      else if (input) found.set(input, [node]);
    }
  }
  return found;
}

/** What a graph states of its values, indexed for many questions. */
export interface Lookup {
  /**
   * The element type and shape of a value.
   * @throws UserError when the graph does not state them in full; a `TypedModel` does, of all its values
   */
  type(name: string): TensorType;
  /** The numbers behind a value that no feed changes: an initializer's or a Constant node's; undefined for others. */
  constant(name: string): NumericTensor | undefined;
}

/** Indexes a graph as it is now. */
export function lookup(graph: Graph): Lookup {
  const declared = new Map(graph.values);
  for (const value of [...graph.inputs, ...graph.outputs]) declared.set(value.name, value);
  const constants = new Map(graph.initializers);
  for (const node of graph.nodes) {
    const tensor = constantTensor(node);
    if (tensor) constants.set(node.outputs[0], tensor);
  }
  return {
    type(name) {
      const { dtype, shape } = declared.get(name) ?? {};
      const dims = shape?.filter((dim) => typeof dim === "number");
      if (dtype !== undefined && dims !== undefined && dims.length === shape?.length) return { dtype, dims };
      const tensor = constants.get(name);
      if (tensor) return tensor;
      throw new UserError(`The shape of the value "${name}" is not known in full: annotate the graph's shapes first.`);
    },
    constant(name) {
      const tensor = constants.get(name);
      return tensor?.dtype === "string" ? undefined : tensor;
    },
  };
}

/** What a Constant node holds; undefined for other nodes. */
export function constantTensor({ op, domain, attributes }: Node): Tensor | undefined {
  if (op !== "Constant" || domain !== "") return undefined;
  const { value, value_float, value_floats, value_int, value_ints } = attributes;
  if (value?.kind === "tensor") return value.value;
  if (value_float?.kind === "float") return scalar("float32", value_float.value);
  if (value_floats?.kind === "floats")
    return float32([value_floats.value.length], Float32Array.from(value_floats.value));
  if (value_int?.kind === "int") return scalar("int64", value_int.value);
  if (value_ints?.kind === "ints") return int64s(value_ints.value);
  return undefined;
}

/** {@link Lookup.type} for one question. */
export function typeOf(graph: Graph, name: string): TensorType {
  return lookup(graph).type(name);
}

/** {@link Lookup.constant} for one question. */
export function constantOf(graph: Graph, name: string): NumericTensor | undefined {
  return lookup(graph).constant(name);
}

/** How a message names a node: its name, or its first output where it has none. */
export function label(node: Node): string {
  return `"${node.name || node.outputs[0] || ""}" (${node.op})`;
}
