import { attribute, float, int, ints } from "../onnx/attributes.ts";
import { einsum } from "./einsum.ts";
import { unbroadcast } from "./elementwise.ts";
import type { GradientRule, RuleContext } from "./rule.ts";

/** Y = alpha A' B' + beta C, where ' transposes or not: dA' = alpha g B'^T, dB' = alpha A'^T g, each one Gemm. */
const gemm: GradientRule = (context) => {
  const { graph, node, inputs, gradient, wants, scalar } = context;
  const [a, b, c] = inputs;
  const flipA = attribute(node, "int", "transA", 0);
  const flipB = attribute(node, "int", "transB", 0);
  const alpha = float(attribute(node, "float", "alpha", 1));
  const beta = attribute(node, "float", "beta", 1);
  const product = (left: string, transA: number, right: string, transB: number) =>
    graph.emit("Gemm", [left, right], { transA: int(transA), transB: int(transB), alpha });
  const forA = () => (flipA ? product(b, flipB, gradient, 1) : product(gradient, 0, b, 1 - flipB));
  const forB = () => (flipB ? product(gradient, 1, a, flipA) : product(a, 1 - flipA, gradient, 0));
  const forC = () => unbroadcast(context, beta === 1 ? gradient : graph.emit("Mul", [gradient, scalar(beta)]), c);
  return [wants(0) ? forA() : undefined, wants(1) ? forB() : undefined, c && wants(2) ? forC() : undefined];
};

/** Y = A B over stacks of matrices: dA = g B^T, dB = A^T g, summed over the stacks that were stretched. */
const matmul: GradientRule = (context) => {
  const { graph, inputs, gradient, wants, shape } = context;
  const [a, b] = inputs;
  const dimsA = shape(a);
  const dimsB = shape(b);
  // A vector stands for a row on the left and for a column on the right.
  const rows = dimsA.length === 1 ? [1, dimsA[0]] : dimsA;
  const columns = dimsB.length === 1 ? [dimsB[0], 1] : dimsB;
  const [m, k] = rows.slice(-2);
  const n = columns[columns.length - 1];
  const as = (value: string, from: readonly number[], to: readonly number[]) =>
    from.join() === to.join() ? value : graph.emit("Reshape", [value, graph.ints(to)]);

  // A weight matrix behind a stack of inputs: the stack is one long matrix, and no partial sums are needed.
  if (columns.length === 2 && dimsB.length === 2 && rows.length >= 2) {
    const long = rows.slice(0, -1).reduce((product, dim) => product * dim, 1);
    const g = as(gradient, shape(context.outputs[0]), [long, n]);
    return [
      wants(0) ? as(graph.emit("Gemm", [g, b], { transB: int(1) }), [long, k], dimsA) : undefined,
      wants(1) ? graph.emit("Gemm", [as(a, dimsA, [long, k]), g], { transA: int(1) }) : undefined,
    ];
  }
  const stack = broadcast(rows.slice(0, -2), columns.slice(0, -2));
  const g = as(gradient, shape(context.outputs[0]), [...stack, m, n]);
  const left = () => graph.emit("MatMul", [g, transposed(context, as(b, dimsB, columns), columns.length)]);
  const right = () => graph.emit("MatMul", [transposed(context, as(a, dimsA, rows), rows.length), g]);
  return [
    wants(0) ? as(sumStacks(context, left(), [...stack, m, k], rows), rows, dimsA) : undefined,
    wants(1) ? as(sumStacks(context, right(), [...stack, k, n], columns), columns, dimsB) : undefined,
  ];
};

function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => Math.max(a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1));
}

function transposed({ graph }: RuleContext, value: string, rank: number): string {
  const order = Array.from({ length: rank }, (_, axis) => axis);
  return graph.emit("Transpose", [value], { perm: ints([...order.slice(0, -2), rank - 1, rank - 2]) });
}

function sumStacks({ graph }: RuleContext, value: string, from: readonly number[], to: readonly number[]): string {
  const lead = from.length - to.length;
  const axes = from.flatMap((size, axis) => (axis < lead || to[axis - lead] !== size ? [axis] : []));
  if (axes.length === 0) return value;
  const sum = graph.emit("ReduceSum", [value, graph.ints(axes)], { keepdims: int(1) });
  return lead === 0 ? sum : graph.emit("Reshape", [sum, graph.ints(to)]);
}

/** Matrix products. */
export const matmulRules: Readonly<Record<string, GradientRule>> = { Gemm: gemm, MatMul: matmul, Einsum: einsum };
