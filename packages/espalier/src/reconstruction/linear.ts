import { attribute, ints } from "../onnx/attributes.ts";
import type { GraphBuilder } from "../onnx/builder.ts";
import { type FloatTensor, float32, isFloat32, sizeOf } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";
import type { Layer } from "../operators/layers.ts";

/** A layer as products of matrices, one for each group: its weights [rows, columns] with what its rows look at. */
export interface LinearLayer {
  readonly layer: Layer;
  /** The value that the layer reads. */
  readonly input: string;
  /** The initializer that is added to its outputs, one number for each row of each group. */
  readonly bias?: string;
  readonly groups: number;
  readonly rows: number;
  readonly columns: number;
  /** Adds the nodes that turn an input into what the rows look at: [groups, places, columns]. */
  unfold(graph: GraphBuilder, input: string): string;
  /** The weights as matrices [groups, rows, columns]. */
  matrices(weights: FloatTensor): Float32Array;
  /** The weights that such matrices are. */
  weights(matrices: Float32Array): FloatTensor;
}

/** No layer is solved for that has more columns: their second moments would take over half a gigabyte. */
const MOST_COLUMNS = 12_000;
/** A convolution is looked at in so many places of each sample at most, evenly spread. */
const MOST_PLACES = 1024;

/**
 * Reads a layer as matrices: Conv, Gemm, and MatMul with a matrix of weights as second factor. Undefined for others, and
 * for those that are too wide.
 * @param annotated the layer's network
 * @param sizes the shape of each value of the model
 */
export function linearLayer(
  annotated: TypedModel,
  layer: Layer,
  sizes: (value: string) => readonly number[],
): LinearLayer | undefined {
  const { node, tensor } = layer;
  if (node.inputs[1] !== layer.weight) return undefined;
  const [input, , bias] = node.inputs;
  const found = node.op === "Conv" ? convolution(layer, sizes(node.outputs[0])) : product(layer);
  if (!found || found.columns > MOST_COLUMNS || sizeOf(tensor.dims) === 0) return undefined;
  const own = bias ? annotated.initializers.get(bias) : undefined;
  const shared = annotated.nodes.filter(({ inputs }) => inputs.includes(bias ?? "")).length > 1;
  const plain = isFloat32(own) && sizeOf(own.dims) === found.groups * found.rows && !shared;
  if (bias && !plain) return undefined;
  return { layer, input, bias: bias || undefined, ...found };
}

type Matrices = Omit<LinearLayer, "layer" | "input" | "bias">;

/** A Gemm or a MatMul: each row of its input is looked at by each column of its weights. */
function product({ node, tensor: { dims } }: Layer): Matrices | undefined {
  if (dims.length !== 2 || (node.op !== "Gemm" && node.op !== "MatMul")) return undefined;
  const scaled = attribute(node, "float", "alpha", 1) !== 1 || attribute(node, "float", "beta", 1) !== 1;
  if (scaled || attribute(node, "int", "transA", 0) === 1) return undefined;
  const straight = attribute(node, "int", "transB", 0) === 1;
  const [rows, columns] = straight ? dims : dims.toReversed();
  return {
    groups: 1,
    rows,
    columns,
    unfold: (graph, input) => graph.emit("Reshape", [input, graph.ints([1, -1, columns])]),
    matrices: ({ data }) => (straight ? data : transposed(data, columns, rows)),
    weights: (matrices) => float32(dims, straight ? matrices : transposed(matrices, rows, columns)),
  };
}

/** A convolution: its windows, unfolded by a convolution whose weights pick one element each. */
function convolution({ node, tensor: { dims } }: Layer, output: readonly number[]): Matrices {
  const groups = attribute(node, "int", "group", 1);
  const [outputs, ...window] = dims;
  const columns = sizeOf(window);
  const places = output.slice(2);
  const step = Math.max(1, Math.ceil((sizeOf(places) / MOST_PLACES) ** (1 / Math.max(1, places.length))));
  const strides = attribute(
    node,
    "ints",
    "strides",
    places.map(() => 1),
  );
  return {
    groups,
    rows: outputs / groups,
    columns,
    unfold(graph, input) {
      const picks = new Float32Array(groups * columns * columns);
      for (let i = 0; i < groups * columns; i++) picks[i * columns + (i % columns)] = 1;
      const picked = graph.initializer("picks", float32([groups * columns, ...window], picks));
      const attributes = { ...node.attributes, strides: ints(strides.map((stride) => stride * step)) };
      const unfolded = graph.emit("Conv", [input, picked], attributes);
      // [samples, groups x columns, ...places] -> [groups, samples x places, columns]
      const grouped = graph.emit("Reshape", [unfolded, graph.ints([0, groups, columns, -1])]);
      const turned = graph.emit("Transpose", [grouped], { perm: ints([1, 0, 3, 2]) });
      return graph.emit("Reshape", [turned, graph.ints([groups, -1, columns])]);
    },
    matrices: ({ data }) => data,
    weights: (matrices) => float32(dims, matrices),
  };
}

function transposed(data: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = data[i * columns + j];
  return result;
}
