import { int, ints } from "../../onnx/attributes.ts";
import type { GraphBuilder } from "../../onnx/builder.ts";
import { type Node, typeOf } from "../../onnx/graph.ts";
import { directionsOf, gatesOf, isRecurrent } from "../../onnx/recurrent.ts";
import { float32 } from "../../onnx/tensor.ts";
import type { TypedModel } from "../../onnx/typed.ts";
import { type Layer, layersOf } from "../../operators/layers.ts";
import { placesThroughViews, viewOf } from "../../operators/views.ts";
import type { LinearLayer } from "../../reconstruction/linear.ts";

/** W or R of a recurrent node as a matrix for each gate of each direction. */
export interface GateLayer {
  /** What goes into the gates from the input, x W^T [steps, batch, directions x gates x units]. */
  readonly output: string;
  readonly linear: GateMatrices;
}

/** Matrices of which it is known how their rows lie in what goes into the gates. */
type GateMatrices = LinearLayer & Required<Pick<LinearLayer, "arrange">>;

const [X, W, R, LENGTHS, INITIAL] = [0, 1, 2, 4, 5];

/**
 * Opens the recurrent nodes of a network, so that the gradient of what goes into their gates can be asked for: x W^T is
 * a product of its own before the node, which then takes it as it is. That gradient is the one of h R^T too; of a GRU's
 * candidate as far as its reset gate is open.
 * @param graph of a copy of the network
 * @returns the weights that are seen so, each held by one initializer that nothing else reads
 */
export function openGates(graph: GraphBuilder, typed: TypedModel): GateLayer[] {
  const layers = layersOf(typed);
  return graph.model.nodes.filter(isRecurrent).flatMap((closed) => {
    const [w, r] = [W, R].map((operand) => wholeLayer(typed, layers, closed, operand));
    if (!w && !r) return [];
    const states = graph.exposeOutput(closed, 0);
    const node = { ...closed, outputs: [states, ...closed.outputs.slice(1)] };
    const output = opened(graph, typed, node);
    return [
      ...(w ? [{ output, linear: ofInput(typed, node, w) }] : []),
      ...(r && !node.inputs[LENGTHS] ? [{ output, linear: ofState(typed, node, r) }] : []),
    ];
  });
}

/** The layer whose weights a recurrent node takes whole and in their order. */
function wholeLayer(typed: TypedModel, layers: readonly Layer[], node: Node, operand: number): Layer | undefined {
  const value = node.inputs[operand];
  const name = viewOf(typed)(value);
  const layer = layers.find(({ weight }) => weight === name);
  if (layer?.uses.length !== 1 || layer.operand !== operand) return undefined;
  return placesThroughViews(typed, value, name).every((place, i) => place === i) ? layer : undefined;
}

/** Takes x W^T out of a node; the weights of its input then are ones. */
function opened(graph: GraphBuilder, typed: TypedModel, node: Node): string {
  const [directions, rows, columns] = typeOf(typed, node.inputs[W]).dims;
  return graph.replace(node, () => {
    const flat = graph.emit("Reshape", [node.inputs[W], graph.ints([directions * rows, columns])]);
    const product = graph.emit("MatMul", [node.inputs[X], graph.emit("Transpose", [flat], { perm: ints([1, 0]) })]);
    const inputs = [...node.inputs];
    inputs[X] = product;
    inputs[W] = graph.initializer("ones", selecting(directions, rows));
    graph.model.nodes.push({ ...node, inputs });
    return product;
  });
}

/** Weights [directions, rows, directions x rows] by which each direction takes its own rows of what it reads. */
function selecting(directions: number, rows: number) {
  const weights = float32([directions, rows, directions * rows]);
  for (let row = 0; row < directions * rows; row++) weights.data[row * directions * rows + row] = 1;
  return weights;
}

function ofInput(typed: TypedModel, node: Node, layer: Layer): GateMatrices {
  const columns = typeOf(typed, node.inputs[W]).dims[2];
  return {
    ...matricesOf(node, layer, columns),
    input: node.inputs[X],
    unfold: (graph, input) => graph.emit("Reshape", [input, graph.ints([1, -1, columns])]),
  };
}

/** The rows of R look at the state before each step. */
function ofState(typed: TypedModel, node: Node, layer: Layer): GateMatrices {
  const columns = typeOf(typed, node.inputs[R]).dims[2];
  const [, batch] = typeOf(typed, node.inputs[X]).dims;
  const matrices = matricesOf(node, layer, columns);
  const directions = directionsOf(node);
  const gates = matrices.groups / directions.length;
  return {
    ...matrices,
    input: node.outputs[0],
    unfold(graph, states) {
      const parts = directions.map((direction, d) => {
        const first = node.inputs[INITIAL]
          ? slice(graph, node.inputs[INITIAL], 0, d, d + 1)
          : graph.constant(float32([1, batch, columns]));
        const own = graph.emit("Squeeze", [slice(graph, states, 1, d, d + 1), graph.ints([1])]);
        const before =
          direction === "reverse" ? [slice(graph, own, 0, 1, END), first] : [first, slice(graph, own, 0, 0, -1)];
        const joined = graph.emit("Concat", before, { axis: int(0) });
        const places = graph.emit("Reshape", [joined, graph.ints([1, -1, columns])]);
        return directions.length === 1 ? places : graph.emit("Expand", [places, graph.ints([gates, 1, 1])]);
      });
      return parts.length === 1 ? parts[0] : graph.emit("Concat", parts, { axis: int(0) });
    },
  };
}

/** Beyond the end of every axis. */
const END = 2 ** 31 - 1;

function slice(graph: GraphBuilder, value: string, axis: number, from: number, to: number): string {
  return graph.emit("Slice", [value, graph.ints([from]), graph.ints([to]), graph.ints([axis])]);
}

/** Weights [directions, gates x units, columns], of which each gate is a group. */
function matricesOf(node: Node, layer: Layer, columns: number): Omit<GateMatrices, "input" | "unfold"> {
  const groups = directionsOf(node).length * gatesOf(node).length;
  const rows = layer.tensor.data.length / (groups * columns);
  return {
    layer,
    groups,
    rows,
    columns,
    arrange(graph, gradient) {
      const apart = graph.emit("Reshape", [gradient, graph.ints([-1, groups, rows])]);
      return graph.emit("Transpose", [apart], { perm: ints([1, 0, 2]) });
    },
    matrices: ({ data }) => data,
    weights: (matrices) => float32(layer.tensor.dims, matrices),
  };
}
