import type { GradientRule } from "../../autodiff/rule.ts";
import type { GraphBuilder } from "../../onnx/builder.ts";
import type { Parameters } from "../../training/parameters.ts";
import { roundingRules } from "../scaled/straight-through.ts";
import { addBits, type CodeMatrix } from "./bits.ts";

/** Codes as whole numbers, in a graph and out of it. */
export interface Quantized {
  /** The whole numbers, of the shape of the codes. */
  readonly whole: string;
  /** What they cost: a float32 scalar. */
  readonly bits: string;
  /** The whole number of a code, once the network is trained. */
  read(trained: Parameters): (code: number) => number;
}

/** A way to make whole numbers of codes and to price them. */
export interface Quantizer {
  /** The gradient rules by which it learns. */
  readonly rules: ReadonlyMap<string, GradientRule>;
  /** @param name of the tensor */
  quantize(graph: GraphBuilder, matrix: CodeMatrix, name: string): Quantized;
}

/** Codes are rounded, and cost what a coder makes of them. */
export const entropyPenalized: Quantizer = {
  rules: roundingRules,
  quantize: (graph, matrix) => ({
    whole: graph.emit("Round", [matrix.codes]),
    bits: addBits(graph, matrix),
    read: () => evenly,
  }),
};

/** As ONNX rounds: halves to the even number. */
export function evenly(value: number): number {
  const below = Math.floor(value);
  const part = value - below;
  return part > 0.5 || (part === 0.5 && below % 2 !== 0) ? below + 1 : below;
}
