import { GraphBuilder } from "../onnx/builder.ts";
import { copyModel, type Model, type Node } from "../onnx/graph.ts";
import { withoutDeadParts } from "../onnx/simplify/dead.ts";
import { type FloatTensor, isFloat32 } from "../onnx/tensor.ts";
import type { ScaledTensor } from "../sharing/scaled/scaled.ts";
import { emitRows, emitTable, isGathered, type Table } from "./gathered.ts";
import { withOwnNames } from "./names.ts";
import { Pairs } from "./pairs.ts";
import { placementOf } from "./placement.ts";
import type { Range } from "./range.ts";
import { emitComputed, emitHeld, withRoom } from "./weights.ts";

/** What becomes of a network's weights and values. */
export interface Int8Plan {
  /** Weights that are whole numbers, by name. */
  readonly codes: ReadonlyMap<string, ScaledTensor>;
  /** Those of layers that compute on whole numbers: see {@link hasIntegerKernel}. */
  readonly computed: ReadonlySet<string>;
  /** How the values of the placement are spread. */
  readonly ranges: ReadonlyMap<string, Range>;
}

/**
 * A network with eight bits in the form that runtimes read (QDQ): QuantizeLinear and DequantizeLinear around what is to be
 * computed on whole numbers, which ONNX Runtime makes one kernel with what is between. Weights have a scale for each
 * output unit and no zero point; biases are 32-bit numbers in units of what a product is.
 */
export function withInt8(source: Model, { codes, computed, ranges }: Int8Plan): Model {
  const layers = nodesOf(source, computed);
  const placement = placementOf(source, layers);
  const { inside, values, made } = placement;
  const model = copyModel(source);
  const graph = new GraphBuilder(model, "q");
  model.nodes = [];
  const pairs = new Pairs(graph, placement, ranges);
  const held = roomy(source, codes, layers, pairs);
  const tables = new Map<string, Table>();
  for (const [name, scaled] of held) {
    if (isGathered(source, name, scaled)) tables.set(name, emitTable(graph, name, scaled));
    else if (!computed.has(name)) emitHeld(graph, name, scaled);
    else
      emitComputed(
        graph,
        name,
        scaled,
        [...layers].some(({ op, inputs }) => op === "Gemm" && inputs[1] === name),
      );
  }
  const biases = biasesOf(source, layers, held);
  const given = new Set(source.outputs.map(({ name }) => name));
  // What goes out is what is read of the eight bits: all else that read it would keep the kernel from being one.
  const hides = (name: string) => made.has(name) && given.has(name);
  for (const { name } of source.inputs) if (values.has(name)) pairs.emit(name);
  for (const node of source.nodes) {
    const inputs = node.inputs.map((name) => (inside.has(node) || made.has(name) ? pairs.read(name) : name));
    const outputs = node.outputs.map((name) => (hides(name) ? graph.fresh("") : name));
    const bias = biases.get(node);
    if (bias) inputs[bias.input] = pairs.emitBias(bias.layer.inputs[0], bias.weights, bias.tensor);
    const table = tables.get(node.inputs[0]);
    if (table) emitRows(graph, { ...node, outputs }, table);
    else if (inside.has(node) && node.op === "Flatten") {
      // ONNX Runtime lets eight bits pass a Reshape, and no Flatten.
      graph.emit("Reshape", [inputs[0], graph.ints([0, -1])], {}, outputs[0]);
    } else model.nodes.push({ ...node, inputs, outputs });
    for (const [i, name] of node.outputs.entries()) {
      if (values.has(name)) pairs.emit(name, outputs[i], hides(name) ? name : undefined);
    }
  }
  return withOwnNames(withoutDeadParts({ ...model, values: new Map() }));
}

/** The nodes of layers that compute on whole numbers. @param computed the names of their weights */
export function nodesOf({ nodes }: Model, computed: ReadonlySet<string>): Set<Node> {
  return new Set(nodes.filter(({ inputs }) => computed.has(inputs[1] ?? "")));
}

/** A bias of a layer that computes on whole numbers, where it is read. */
interface Bias {
  readonly layer: Node;
  readonly weights: ScaledTensor;
  readonly input: number;
  readonly tensor: FloatTensor;
}

/**
 * The biases of layers by the nodes that add them: by the layers themselves, or, of a MatMul, by an Add behind it, which
 * ONNX Runtime makes one with it.
 */
function biasesOf({ nodes, initializers }: Model, layers: ReadonlySet<Node>, codes: Int8Plan["codes"]) {
  const makers = new Map([...layers].map((node) => [node.outputs[0], node]));
  const found = new Map<Node, Bias>();
  const add = (node: Node, layer: Node, input: number) => {
    const [tensor, weights] = [initializers.get(node.inputs[input] ?? ""), codes.get(layer.inputs[1])];
    const isLine =
      tensor?.dims.length === 1 && (weights?.scales.length === 1 || tensor.dims[0] === weights?.scales.length);
    if (isFloat32(tensor) && weights && isLine) found.set(node, { layer, weights, input, tensor });
  };
  for (const node of nodes) {
    if (layers.has(node)) add(node, node, 2);
    for (const [i, name] of node.op === "Add" ? node.inputs.entries() : []) {
      const layer = makers.get(name);
      if (layer?.op === "MatMul") add(node, layer, 1 - i);
    }
  }
  return found;
}

/** The codes with scales that leave room for the biases beside them. */
function roomy(source: Model, codes: Int8Plan["codes"], layers: ReadonlySet<Node>, pairs: Pairs) {
  const found = new Map(codes);
  for (const { layer, tensor } of biasesOf(source, layers, codes).values()) {
    const weights = found.get(layer.inputs[1]);
    if (weights) found.set(layer.inputs[1], withRoom(weights, pairs.scaleOf(layer.inputs[0]), tensor.data));
  }
  return found;
}
