import fc from "fast-check";
import { float, int, string } from "../../../src/onnx/attributes.ts";
import { type CaseFamily, type Drawn, dim, flag, names, stretched, type Unseeded } from "./drawn.ts";

const gemm: Drawn = fc
  .record({
    m: dim,
    k: dim,
    n: dim,
    a: flag,
    b: flag,
    alpha: fc.constantFrom(1, 0.5, -2),
    beta: fc.constantFrom(1, 0.25),
    c: fc.constantFrom("none", "scalar", "row", "column", "full"),
  })
  .map(({ m, k, n, a, b, alpha, beta, c }) => {
    const bias = { none: undefined, scalar: [], row: [n], column: [m, 1], full: [m, n] }[c];
    return {
      inputs: [a ? [k, m] : [m, k], b ? [n, k] : [k, n], ...(bias ? [bias] : [])],
      build: (graph) =>
        graph.emit("Gemm", names(bias ? 3 : 2), {
          transA: int(a),
          transB: int(b),
          alpha: float(alpha),
          beta: float(beta),
        }),
    };
  });

const matmul: Drawn = fc
  .record({
    m: dim,
    k: dim,
    n: dim,
    stack: stretched,
    kind: fc.constantFrom("stacks", "matrices", "weights", "row", "column", "dot"),
  })
  .map(({ m, k, n, stack: [left, right], kind }) => ({
    inputs: {
      stacks: [
        [...left.slice(-2), m, k],
        [...right.slice(-2), k, n],
      ],
      matrices: [
        [m, k],
        [k, n],
      ],
      weights: [
        [...left.slice(-2), m, k],
        [k, n],
      ],
      row: [[k], [...right.slice(-2), k, n]],
      column: [[...left.slice(-2), m, k], [k]],
      dot: [[k], [k]],
    }[kind],
    build: (graph) => graph.emit("MatMul", ["x0", "x1"]),
  }));

function product(equation: string, ...inputs: number[][]): Unseeded {
  return {
    inputs,
    build: (graph) => graph.emit("Einsum", names(inputs.length), { equation: string(equation) }),
  };
}

const equations: Readonly<Record<string, number[][]>> = {
  "ij,jk->ik": [
    [2, 3],
    [3, 4],
  ],
  "bij,bjk->bik": [
    [2, 2, 3],
    [2, 3, 4],
  ],
  "bhqd,bhkd->bhqk": [
    [2, 2, 3, 4],
    [2, 2, 2, 4],
  ],
  "ij->ji": [[2, 3]],
  "ij->i": [[2, 3]],
  "ij->": [[2, 3]],
  "i,j->ij": [[3], [2]],
  "ij,ij->ij": [
    [2, 3],
    [2, 3],
  ],
  "ik,jkl,il->ij": [
    [2, 3],
    [4, 3, 2],
    [2, 2],
  ],
};

export const productCases: CaseFamily = {
  Gemm: { drawn: gemm, runs: 20 },
  MatMul: { drawn: matmul, runs: 20 },
  Einsum: {
    drawn: fc.constantFrom(...Object.entries(equations)).map(([equation, inputs]) => product(equation, ...inputs)),
    runs: 20,
    edges: {
      "an index that only one operand has": product("ij,k->ik", [2, 3], [4]),
      "axes that are stretched": product("bij,bjk->bik", [1, 2, 3], [2, 3, 2]),
      "a summed axis that is stretched": product("ij,ij->i", [2, 3], [2, 1]),
      "an ellipsis": product("...ij,...jk->...ik", [2, 2, 2, 3], [2, 2, 3, 2]),
      "an ellipsis that is stretched": product("...ij,...jk->...ik", [1, 2, 2, 3], [3, 2, 3, 2]),
      "no result, spaces and capitals": product("bJ, Ja", [2, 3], [3, 2]),
    },
  },
};
