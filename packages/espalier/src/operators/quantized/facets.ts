import { attribute } from "../../onnx/attributes.ts";
import type { Node } from "../../onnx/graph.ts";
import { type NumericTensor, sizeOf } from "../../onnx/tensor.ts";
import type { MacsFacet } from "../facets.ts";

/** Weights as whole numbers ("codes"): an input of a node, and where the code is that stands for 0. */
export interface CodedOperand {
  readonly codes: number;
  readonly zero?: number;
  /** The axis of the codes along which there may be a zero for each place: default -1, the outputs of a matrix. */
  axis?(node: Node): number;
}

/** How codes lie in an initializer that packs several into a byte, in blocks that may be longer than what they hold. */
export interface Packing {
  readonly bits: number;
  /** The shape of the weights. */
  readonly dims: readonly number[];
  /** Codes of a row of which each block has a zero of its own. */
  readonly block: number;
}

/** What an operator is whose weights are codes. */
export interface QuantizedFacets {
  /** The inputs that are weights where they are constant. */
  readonly operands: readonly CodedOperand[];
  /** How they are packed; left out, or undefined, where each code is an element. */
  packing?(node: Node, codes: NumericTensor): Packing | undefined;
  /** The input with a number that is added to each output. */
  readonly bias?: number;
  readonly macs: MacsFacet;
}

/** Each element of the output is the product of a window and the kernel of its channel. */
const ofFilters: MacsFacet = ({ node, dims, shape }) => sizeOf(shape(node.outputs[0])) * sizeOf(dims.slice(1));

/** Each element of the output is the product of a row and a column. */
const ofProduct =
  (right: number): MacsFacet =>
  ({ node, operand, dims, shape }) =>
    sizeOf(shape(node.outputs[0])) * ((operand === right ? (dims.at(-2) ?? dims.at(-1)) : dims.at(-1)) ?? 1);

/** Every weight is used for each row of so many axes of the first input. */
const forEach =
  (axes: number): MacsFacet =>
  ({ node, dims, shape }) =>
    sizeOf(shape(node.inputs[0]).slice(0, axes)) * sizeOf(dims);

const none: MacsFacet = () => 0;

/** Returns true for a product with the transpose of its matrix. */
const isTurned = (node: Node) => attribute(node, "int", "transB", 0) === 1;

/**
 * The operators that read codes themselves: ONNX's own, and those of ONNX Runtime, behind their domain and a point. What
 * others read through a DequantizeLinear, or look up and dequantize then, is in the catalogue of their own.
 */
export const quantizedOperators = {
  ConvInteger: { operands: [{ codes: 1, zero: 3, axis: () => 0 }], macs: ofFilters },
  MatMulInteger: {
    operands: [
      { codes: 0, zero: 2, axis: () => -2 },
      { codes: 1, zero: 3 },
    ],
    macs: ofProduct(1),
  },
  QLinearConv: { operands: [{ codes: 3, zero: 5, axis: () => 0 }], bias: 8, macs: ofFilters },
  QLinearMatMul: {
    operands: [
      { codes: 0, zero: 2, axis: () => -2 },
      { codes: 3, zero: 5 },
    ],
    macs: ofProduct(3),
  },
  "com.microsoft.QGemm": {
    operands: [{ codes: 3, zero: 5, axis: (node) => (isTurned(node) ? 0 : 1) }],
    bias: 6,
    macs: ({ node, dims, shape }) => sizeOf(shape(node.outputs[0])) * dims[isTurned(node) ? 1 : 0],
  },
  "com.microsoft.MatMulIntegerToFloat": { operands: [{ codes: 1, zero: 5 }], bias: 6, macs: ofProduct(1) },
  "com.microsoft.DynamicQuantizeMatMul": { operands: [{ codes: 1, zero: 3 }], bias: 4, macs: ofProduct(1) },
  "com.microsoft.MatMulNBits": {
    operands: [{ codes: 1, zero: 3 }],
    bias: 5,
    packing: (node) => ({
      bits: attribute(node, "int", "bits", 4),
      dims: [attribute(node, "int", "N", 0), attribute(node, "int", "K", 0)],
      block: attribute(node, "int", "block_size", 0),
    }),
    macs: ({ node, shape }) => sizeOf(shape(node.outputs[0])) * attribute(node, "int", "K", 0),
  },
  "com.microsoft.GatherBlockQuantized": {
    operands: [{ codes: 0, zero: 3 }],
    packing(node, { dtype, dims }) {
      const bits = attribute(node, "int", "bits", 4);
      const rows = sizeOf(dims.slice(0, -1));
      const columns = ((dims.at(-1) ?? 1) * 8) / bits;
      // Bytes hold several; elements of four bits are codes themselves.
      return dtype === "uint8"
        ? { bits, dims: [rows, columns], block: attribute(node, "int", "block_size", 128) }
        : undefined;
    },
    macs: none,
  },
  "com.microsoft.QAttention": { operands: [{ codes: 1, zero: 7 }], bias: 2, macs: forEach(2) },
  "com.microsoft.DynamicQuantizeLSTM": {
    operands: [
      { codes: 1, zero: 9 },
      { codes: 2, zero: 11 },
    ],
    bias: 3,
    macs: forEach(2),
  },
} as const satisfies Readonly<Record<string, QuantizedFacets>>;

const byName: ReadonlyMap<string, QuantizedFacets> = new Map(Object.entries(quantizedOperators));

/** What a node is whose weights are codes; undefined for others. */
export function quantizedFacetsOf({ op, domain }: Node): QuantizedFacets | undefined {
  return byName.get(domain === "" ? op : `${domain}.${op}`);
}

/** Returns true for the operators that make numbers of codes: ONNX's own, and ONNX Runtime's for more types. */
export function isDequantizing({ op, domain }: Node): boolean {
  return op === "DequantizeLinear" && (domain === "" || domain === "com.microsoft");
}
