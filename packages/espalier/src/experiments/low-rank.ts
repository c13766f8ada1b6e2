import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { attribute, int } from "../onnx/attributes.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { copyModel, type Model } from "../onnx/graph.ts";
import { type FloatTensor, float32 } from "../onnx/tensor.ts";
import { type Layer, layersOf } from "../operators/layers.ts";

/**
 * Factors the dense layers of a network: y = W x + b becomes y = A (B x) + b, where A B is the matrix of its rank
 * nearest to W, its truncated singular value decomposition (Eckart and Young, 1936). Other layers stay as they are.
 * @returns the network by the part of each W's squares that A B keeps; a layer whose factors would not be smaller than
 * W stays whole
 */
export function factored(source: Model): (energy: number) => Model {
  const layers = layersOf(source)
    .filter(({ node }) => node.op === "Gemm" && attribute(node, "int", "transB", 0) === 1)
    .map((layer) => ({ layer, factors: factorsOf(layer.tensor) }));
  return (energy) => {
    const model = copyModel(source);
    const graph = new GraphBuilder(model);
    for (const { layer, factors } of layers) {
      const { a, b } = factors(energy);
      if (a.data.length + b.data.length < layer.tensor.data.length) replace(graph, layer, { a, b });
    }
    return model;
  };
}

interface Factors {
  /** [m, rank] */
  readonly a: FloatTensor;
  /** [rank, n] */
  readonly b: FloatTensor;
}

/**
 * The factors of a matrix [m, n] by the part of its squares that they keep: A the first left singular vectors u of W,
 * which are the eigenvectors of W W^T, and B = A^T W. A column of A and its row of B are given the same length, as they
 * are to be trained together.
 */
export function factorsOf({ dims, data }: FloatTensor): (energy: number) => Factors {
  const [m, n] = dims;
  const w = Matrix.from1DArray(m, n, data);
  // Eigenvalues come in rising order, and are squares of the singular values.
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(w.mmul(w.transpose()), {
    assumeSymmetric: true,
  });
  const squares = realEigenvalues.map((square) => Math.max(square, 0));
  return (energy) => {
    const rank = rankFor(squares.toReversed(), energy);
    const u = eigenvectorMatrix.subMatrix(0, m - 1, m - rank, m - 1);
    const b = u.transpose().mmul(w);
    const roots = squares.slice(m - rank).map((square) => square ** 0.25 || 1);
    return { a: tensorOf(u.mulRowVector(roots)), b: tensorOf(b.divColumnVector(roots)) };
  };
}

/** How many of the largest squares add up to a part of all; 1 at least. */
function rankFor(squares: readonly number[], energy: number): number {
  const wanted = energy * squares.reduce((sum, square) => sum + square, 0);
  let [rank, sum] = [0, 0];
  while (rank < squares.length && sum < wanted) sum += squares[rank++];
  return Math.max(1, rank);
}

function replace(graph: GraphBuilder, { name, node, weight }: Layer, { a, b }: Factors): void {
  const [input, , ...bias] = node.inputs;
  const transB = { transB: int(1) };
  graph.replace(node, () => {
    const inner = graph.emit("Gemm", [input, graph.initializer(`${name}.in.weight`, b)], transB);
    graph.emit("Gemm", [inner, graph.initializer(`${name}.out.weight`, a), ...bias], transB, node.outputs[0]);
  });
  graph.model.initializers.delete(weight);
}

function tensorOf(matrix: Matrix): FloatTensor {
  return float32([matrix.rows, matrix.columns], Float32Array.from(matrix.to1DArray()));
}
