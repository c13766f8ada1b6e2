import { RECURRENT_WEIGHTS } from "../onnx/recurrent.ts";
import { float32, sizeOf } from "../onnx/tensor.ts";
import type { Facets, Matrices, ShapedUse } from "./facets.ts";

/** Weights [1, rows, features] of the input, those of one gate or several: each row looks at each step. */
function ofInput({ node, operand, dims }: ShapedUse): Matrices | undefined {
  const [directions, rows, columns] = dims;
  if (operand !== 1 || directions !== 1) return undefined;
  return {
    groups: 1,
    rows,
    columns,
    input: node.inputs[0],
    unfold: (graph, input) => graph.emit("Reshape", [input, graph.ints([1, -1, columns])]),
    matrices: ({ data }) => data,
    weights: (matrices) => float32(dims, matrices),
  };
}

/** W of the input and R of the state, apart by gate where they are pruned. */
const recurrent = {
  layer: {
    operands: () => RECURRENT_WEIGHTS,
    data: ({ inputs, outputs }, operand) =>
      operand === 1 ? inputs[0] : (outputs.find((output) => output !== "") ?? ""),
    inParts: true,
  },
  bias: { none: "one tensor holds the biases of all gates, twice" },
  fit: ofInput,
  // Each weight is used once in each step of each sequence.
  macs({ node, dims, shape }) {
    const [first, second] = shape(node.inputs[0]);
    return sizeOf(dims) * first * second;
  },
} as const satisfies Omit<Facets, "weights">;

export const LSTM = { ...recurrent, weights: [1, 2, 3, 7] } as const satisfies Facets;
export const GRU = { ...recurrent, weights: [1, 2, 3] } as const satisfies Facets;
export const RNN = { ...recurrent, weights: [1, 2, 3] } as const satisfies Facets;
