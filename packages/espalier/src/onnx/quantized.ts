import type { Node } from "./graph.ts";

/** Operators of ONNX, and of ONNX Runtime, that make, read or multiply whole numbers which stand for others. */
const QUANTIZED =
  /^(QLinear\w+|DequantizeLinear|QuantizeLinear|DynamicQuantize\w+|(Conv|MatMul)Integer\w*|MatMulNBits|GatherBlockQuantized|QGemm|QAttention)$/;

/** Returns true for a node that is part of a quantized network: no gradient flows through it. */
export function isQuantized({ op, domain }: Node): boolean {
  return (domain === "" || domain === "com.microsoft") && QUANTIZED.test(op);
}
