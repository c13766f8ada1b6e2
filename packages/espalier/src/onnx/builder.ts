import type { Attributes } from "./attributes.ts";
import type { Model, Node } from "./graph.ts";
import { int64s, type NumericTensor, scalar } from "./tensor.ts";

/** Adds nodes to a model, one call each, under names that are still free. */
export class GraphBuilder {
  readonly model: Model;
  readonly #prefix: string;
  readonly #taken: Set<string>;
  readonly #constants = new Map<string, string>();

  /** @param prefix begins the name of everything that is added */
  constructor(model: Model, prefix = "") {
    this.model = model;
    this.#prefix = prefix;
    this.#taken = new Set(model.initializers.keys());
    for (const { name } of model.inputs) this.#taken.add(name);
    for (const node of model.nodes) {
      this.#taken.add(node.name);
      for (const output of node.outputs) this.#taken.add(output);
    }
  }

  /** A name that nothing in the model has, made from `hint`. */
  fresh(hint: string): string {
    const base = this.#prefix + hint;
    let name = base;
    for (let i = 1; this.#taken.has(name); i++) name = `${base}_${i}`;
    this.#taken.add(name);
    return name;
  }

  /** Keeps a name from being given out. */
  reserve(name: string): void {
    this.#taken.add(name);
  }

  /** Adds a node with one output and returns the output's name; `output` chooses that name. */
  emit(op: string, inputs: readonly string[], attributes: Attributes = {}, output = this.fresh(op)): string {
    this.#taken.add(output);
    this.model.nodes.push({ name: output, op, domain: "", inputs, outputs: [output], attributes });
    return output;
  }

  /** Adds a node with several outputs and returns their names. */
  emitMany(op: string, inputs: readonly string[], attributes: Attributes, count: number): string[] {
    const outputs = Array.from({ length: count }, () => this.fresh(op));
    this.model.nodes.push({ name: outputs[0], op, domain: "", inputs, outputs, attributes });
    return outputs;
  }

  /** The name of a node's output that was left out until now; the node is replaced by one that has it. */
  exposeOutput(node: Node, index: number): string {
    const made = node.outputs.find((output) => output !== "") ?? "";
    const at = this.model.nodes.findIndex(({ outputs }) => outputs.includes(made));
    const current = this.model.nodes[at];
    if (current.outputs[index]) return current.outputs[index];
    const count = Math.max(index + 1, current.outputs.length);
    const outputs = Array.from({ length: count }, (_, i) => current.outputs[i] ?? "");
    outputs[index] = this.fresh(`${made}/${index}`);
    this.model.nodes[at] = { ...current, outputs };
    return outputs[index];
  }

  /** Puts the nodes that `build` adds in the place of a node, all of whose outputs they must make. */
  replace<T>(node: Node, build: () => T): T {
    const at = this.model.nodes.findIndex(({ outputs }) => outputs[0] === node.outputs[0]);
    const behind = this.model.nodes.splice(at);
    const result = build();
    this.model.nodes.push(...behind.slice(1));
    return result;
  }

  /** Adds an initializer, which training or a feed may replace later, and returns its name. */
  initializer(name: string, tensor: NumericTensor): string {
    const fresh = this.fresh(name);
    this.model.initializers.set(fresh, tensor);
    return fresh;
  }

  /** The name of a constant; equal small constants share one. */
  constant(tensor: NumericTensor): string {
    if (tensor.data.length > 16) return this.initializer("constant", tensor);
    const key = `${tensor.dtype}[${tensor.dims}]${tensor.data}`;
    const known = this.#constants.get(key) ?? this.initializer("constant", tensor);
    this.#constants.set(key, known);
    return known;
  }

  /** A constant of one number. */
  scalar(dtype: Parameters<typeof scalar>[0], value: number): string {
    return this.constant(scalar(dtype, value));
  }

  /** A constant list of integers, the form of shapes, axes and pads. */
  ints(values: readonly number[]): string {
    return this.constant(int64s(values));
  }
}
