import { attribute, ints } from "../onnx/attributes.ts";
import { float32, sizeOf } from "../onnx/tensor.ts";
import type { Facets, LayerFacet, Matrices, ShapedUse, WeightUse } from "./facets.ts";
import { permuted } from "./permute.ts";

const layer: LayerFacet = {
  operands: () => [0, 1],
  data: ({ inputs }, operand) => inputs[1 - operand],
};

/** Returns true if Gemm reads an operand with rows and columns in each other's place. */
function isTurned({ node, operand }: WeightUse): boolean {
  return attribute(node, "int", operand === 0 ? "transA" : "transB", 0) === 1;
}

/** A matrix that multiplies from the right has its output units in its columns, from the left in its rows. */
function matrixOf(use: ShapedUse, turned: boolean): Matrices | undefined {
  const { node, operand, dims, shape } = use;
  if (dims.length !== 2) return undefined;
  const data = node.inputs[1 - operand];
  const unitsFirst = (operand === 0) !== turned;
  const [rows, columns] = unitsFirst ? dims : dims.toReversed();
  const rank = shape(data).length;
  // From the left, what is multiplied lies in the columns of the other factor.
  const upright = operand === 0 && rank > 1;
  const perm = Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
  return {
    groups: 1,
    rows,
    columns,
    input: data,
    unfold(graph, input) {
      const lying = upright ? graph.emit("Transpose", [input], { perm: ints(perm) }) : input;
      return graph.emit("Reshape", [lying, graph.ints([1, -1, columns])]);
    },
    matrices: ({ data }) => (unitsFirst ? data : permuted(data, [columns, rows], [1, 0])),
    weights: (matrices) => float32(dims, unitsFirst ? matrices : permuted(matrices, [rows, columns], [1, 0])),
  };
}

/** alpha A B + beta C */
export const Gemm = {
  weights: [0, 1, 2],
  layer,
  bias: {
    input: 2,
    shape(use) {
      const { operand, dims } = use;
      if (!dims) return undefined;
      const [first, second] = dims;
      if (operand === 1) return [isTurned(use) ? first : second];
      return [isTurned(use) ? second : first, 1];
    },
  },
  fit(use) {
    const { node, operand } = use;
    const scaled = attribute(node, "float", "alpha", 1) !== 1 || attribute(node, "float", "beta", 1) !== 1;
    // The other factor would have to be turned too.
    const otherTurned = isTurned({ node, operand: 1 - operand });
    return scaled || otherTurned ? undefined : matrixOf(use, isTurned(use));
  },
  macs({ node, shape }) {
    const [rows, columns] = shape(node.inputs[0]);
    return sizeOf(shape(node.outputs[0])) * (isTurned({ node, operand: 0 }) ? rows : columns);
  },
} as const satisfies Facets;

/** The product of matrices, or of stacks of them. */
export const MatMul = {
  weights: [0, 1],
  layer,
  bias: {
    shape({ operand, dims }) {
      if (!dims) return undefined;
      if (dims.length < 2) return [];
      return operand === 1 ? dims.slice(-1) : [dims[dims.length - 2], 1];
    },
  },
  fit: (use) => matrixOf(use, false),
  macs: ({ node, shape }) => sizeOf(shape(node.outputs[0])) * (shape(node.inputs[0]).at(-1) ?? 1),
} as const satisfies Facets;
