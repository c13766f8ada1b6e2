import type { Attributes } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel } from "../../src/onnx/graph.ts";
import { float32, sizeOf } from "../../src/onnx/tensor.ts";
import { random } from "../../src/random.ts";

/** The units of a layer whose units are followed. */
export const UNITS = 8;

/** A small network in the making, with random weights. */
export class Net {
  readonly model = emptyModel("net");
  readonly graph = new GraphBuilder(this.model);
  readonly #stream;

  constructor(seed: number) {
    this.#stream = random(seed, "weights");
  }

  weights(...dims: number[]): string {
    return this.graph.initializer("w", float32(dims, Float32Array.from({ length: sizeOf(dims) }, this.#stream.normal)));
  }

  input(shape: (number | string)[], dtype: "float32" | "int64" = "float32"): string {
    const name = this.graph.fresh("x");
    this.model.inputs.push({ name, dtype, shape });
    return name;
  }

  emit(op: string, inputs: string[], attributes: Attributes = {}): string {
    return this.graph.emit(op, inputs, attributes);
  }

  shaped(value: string, ...sizes: number[]): string {
    return this.emit("Reshape", [value, this.graph.ints(sizes)]);
  }

  number(value: number): string {
    return this.graph.scalar("float32", value);
  }

  /** Weights [from, to] behind a value [..., from], with a bias. */
  dense(value: string, from: number, to = UNITS): string {
    return this.emit("Add", [this.emit("MatMul", [value, this.weights(from, to)]), this.weights(to)]);
  }

  conv(value: string, from: number, to = UNITS, op = "Conv", attributes: Attributes = {}): string {
    const groups = attributes.group?.kind === "int" ? attributes.group.value : 1;
    const dims = op === "Conv" ? [to, from / groups] : [from, to / groups];
    return this.emit(op, [value, this.weights(...dims, 2, 2), this.weights(to)], attributes);
  }
}

/** Builds a network and gives the name of its output. */
export type Build = (net: Net) => string;
type Through = (net: Net, value: string) => string;

/** [batch, 6 tokens, units] through something to a product. */
export const tokens =
  (through: Through): Build =>
  (net) =>
    net.dense(through(net, net.dense(net.input(["batch", 6, 5]), 5)), UNITS, 3);

/** [batch, units, 4, 4] through something to a convolution. */
export const images =
  (through: Through): Build =>
  (net) =>
    net.conv(through(net, net.conv(net.input(["batch", 3, 5, 5]), 3)), UNITS, 3);

export const unary = (op: string, attributes?: Attributes) => tokens((net, value) => net.emit(op, [value], attributes));
export const binary = (op: string) =>
  tokens((net, value) => net.emit(op, [value, net.dense(net.input(["batch", 6, 5]), 5)]));
export const withVector = (op: string) => tokens((net, value) => net.emit(op, [value, net.weights(UNITS)]));

/** A network in another operator set. */
export const since =
  (opset: number, build: Build): Build =>
  (net) => {
    net.model.opsets.set("", opset);
    return build(net);
  };
