import type { Attributes } from "./attributes.ts";
import type { Model } from "./graph.ts";
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
