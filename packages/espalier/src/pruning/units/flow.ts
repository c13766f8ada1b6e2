import { attribute } from "../../onnx/attributes.ts";
import { lookup, type Model, type Node } from "../../onnx/graph.ts";
import { readsOf } from "../../onnx/live.ts";
import { integers, sizeOf } from "../../onnx/tensor.ts";
import type { TypedModel } from "../../onnx/typed.ts";
import { Units } from "./units.ts";
import { type LayerWeights, layerWeights } from "./weights.ts";

/** A layer whose units are looked into, between the values that it reads and makes. */
export interface UnitLayer extends LayerWeights {
  readonly node: Node;
  readonly input: string;
  readonly output: string;
}

/** An initializer with an entry for each unit of a value: along `axis`, those of BatchNormalization, say. */
export interface UnitParameter {
  readonly initializer: string;
  readonly axis: number;
  readonly value: string;
}

/** How units flow through a network. */
export interface Flow {
  readonly units: Units;
  readonly layers: readonly UnitLayer[];
  readonly parameters: readonly UnitParameter[];
  /** Convolutions that work on each channel alone: their groups are the channels. */
  readonly channelwise: readonly Node[];
}

/** Operators behind which every unit stays at its index, and a constant channel stays constant. */
export const POINTWISE = new Set(["Relu", "LeakyRelu", "Sigmoid", "Tanh", "Clip", "Identity", "Dropout"]);
export const POOLING = new Set(["MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"]);
export const ARITHMETIC = new Set(["Add", "Sub", "Mul", "Div", "Sum"]);

/** Follows units from layer to layer. Where an operator is not known, its inputs' units are pinned. */
export function flowOf(annotated: TypedModel): Flow {
  const units = new Units();
  const layers: UnitLayer[] = [];
  const parameters: UnitParameter[] = [];
  const channelwise: Node[] = [];
  const readers = countReaders(annotated);
  const known = lookup(annotated);
  const dimsOf = (value: string) => annotated.initializers.get(value)?.dims ?? known.type(value).dims;
  const isInitializer = (value: string) => annotated.initializers.has(value);

  for (const { name } of annotated.inputs) {
    if (isInitializer(name) || dimsOf(name).length < 2) continue;
    units.create(name, dimsOf(name)[1]);
    units.pin(name);
  }
  for (const node of annotated.nodes) if (!follow(node)) stopAt(node);
  for (const { name } of annotated.outputs) units.pin(name);
  return { units, layers, parameters, channelwise };

  /** Says whether a node was understood. */
  function follow(node: Node): boolean {
    const [input] = node.inputs;
    const [output] = node.outputs;
    const incoming = units.of(input);
    if (node.domain !== "") return false;
    if (isChannelwise(annotated, node)) return convolveChannels(node, incoming);
    const layer = layerWeights(annotated, node, readers);
    if (layer) {
      if (incoming?.length !== layer.inputs || dimsOf(output).length !== dimsOf(input).length) return false;
      units.create(output, layer.outputs);
      layers.push({ ...layer, node, input, output });
      return true;
    }
    if (ARITHMETIC.has(node.op)) return combine(node);
    if (node.op === "Concat") return concatenate(node);
    if (incoming === undefined) return false;
    if (POINTWISE.has(node.op) || POOLING.has(node.op)) {
      if (node.outputs.slice(1).some((extra) => readers.has(extra))) return false;
      units.carry(output, incoming);
      return true;
    }
    if (node.op === "BatchNormalization") return normalize(node, incoming);
    if (node.op === "Flatten" || node.op === "Reshape") return flatten(node, incoming);
    return false;
  }

  function stopAt(node: Node): void {
    for (const value of readsOf(node)) units.pin(value);
    for (const output of node.outputs) {
      if (!output || !readers.has(output) || dimsOf(output).length < 2) continue;
      units.create(output, dimsOf(output)[1]);
      units.pin(output);
    }
  }

  /** Values that are added: their units become one. A constant beside them has an entry for each unit, or one for all. */
  function combine({ inputs, outputs: [output] }: Node): boolean {
    const dims = dimsOf(output);
    const carriers = inputs.filter((input) => units.of(input) !== undefined);
    const constants = inputs.filter((input) => units.of(input) === undefined);
    if (carriers.length === 0 || carriers.some((carrier) => dimsOf(carrier).join() !== dims.join())) return false;
    const along: UnitParameter[] = [];
    for (const constant of constants) {
      if (!isInitializer(constant) || readers.get(constant) !== 1) return false;
      const shape = dimsOf(constant);
      const axis = 1 - (dims.length - shape.length);
      if (shape.some((dim, i) => dim !== 1 && i !== axis)) return false;
      if (axis >= 0 && shape[axis] !== 1) along.push({ initializer: constant, axis, value: output });
    }
    parameters.push(...along);
    units.carry(output, units.of(carriers[0]) ?? []);
    for (const other of carriers.slice(1)) units.couple(carriers[0], other);
    return true;
  }

  function concatenate(node: Node): boolean {
    const carried = node.inputs.map((input) => units.of(input));
    const rank = dimsOf(node.outputs[0]).length;
    const all = carried.flatMap((found) => found ?? []);
    if ((attribute(node, "int", "axis", 0) + rank) % rank !== 1 || carried.includes(undefined)) return false;
    units.carry(node.outputs[0], all);
    return true;
  }

  /** A channel's units go on to the outputs that are made of it. */
  function convolveChannels(node: Node, incoming: readonly number[] | undefined): boolean {
    const own = node.inputs.slice(1).filter((name) => name !== "");
    if (!incoming || own.some((input) => !isInitializer(input) || readers.get(input) !== 1)) return false;
    const [output] = node.outputs;
    for (const initializer of own) parameters.push({ initializer, axis: 0, value: output });
    const copies = dimsOf(node.inputs[1])[0] / incoming.length;
    units.carry(
      output,
      incoming.flatMap((unit) => Array<number>(copies).fill(unit)),
    );
    channelwise.push(node);
    return true;
  }

  function normalize({ inputs, outputs }: Node, incoming: readonly number[]): boolean {
    const own = inputs.slice(1);
    if (outputs.length > 1 || own.some((input) => !isInitializer(input) || readers.get(input) !== 1)) return false;
    for (const initializer of own) parameters.push({ initializer, axis: 0, value: outputs[0] });
    units.carry(outputs[0], incoming);
    return true;
  }

  /** [batch, channels, ...] -> [batch, channels * ...]: a unit is seen at as many indices as its channel has places. */
  function flatten(node: Node, incoming: readonly number[]): boolean {
    const { op, inputs, outputs } = node;
    const from = dimsOf(inputs[0]);
    const to = dimsOf(outputs[0]);
    // A Reshape that names the size would have to be told the new one.
    const open =
      op === "Flatten"
        ? attribute(node, "int", "axis", 1) === 1
        : integers(known.constant(inputs[1]) ?? noNumbers)[1] === -1;
    if (to.length !== 2 || to[0] !== from[0] || !open) return false;
    const places = sizeOf(from.slice(2));
    units.carry(
      outputs[0],
      incoming.flatMap((unit) => Array<number>(places).fill(unit)),
    );
    return true;
  }
}

/** Whether a node is a convolution with a group for each channel of its input ("depthwise"). */
export function isChannelwise({ initializers }: Model, node: Node): boolean {
  const groups = attribute(node, "int", "group", 1);
  return node.op === "Conv" && groups > 1 && initializers.get(node.inputs[1])?.dims[1] === 1;
}

const noNumbers = { dtype: "int64", dims: [0], data: new BigInt64Array() } as const;

/** How many times each value is read, by nodes and as an output. */
function countReaders(model: Model): Map<string, number> {
  const counts = new Map<string, number>();
  const reads = [...model.nodes.flatMap(readsOf), ...model.outputs.map(({ name }) => name)];
  for (const value of reads) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
