import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { attribute, int } from "../onnx/attributes.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { copyModel, type Model } from "../onnx/graph.ts";
import { type FloatTensor, float32 } from "../onnx/tensor.ts";
import { type Layer, layersOf } from "../training/layers.ts";

/**
 * Factors the dense layers of a network: y = W x + b becomes y = A (B x) + b, where A B is the matrix of that rank
 * nearest to W, its truncated singular value decomposition (Eckart and Young, 1936). Other layers stay as they are.
 * @returns the network by the part of the weights that the factors may have; a layer that would have full rank stays
 * whole
 */
export function factored(source: Model): (part: number) => Model {
  const layers = layersOf(source)
    .filter(({ node }) => node.op === "Gemm" && attribute(node, "int", "transB", 0) === 1)
    .map((layer) => ({ layer, factors: factorsOf(layer.tensor) }));
  return (part) => {
    const model = copyModel(source);
    const graph = new GraphBuilder(model);
    for (const { layer, factors } of layers) {
      const rank = rankFor(layer, part);
      if (rank < Math.min(...layer.tensor.dims)) replace(graph, layer, factors(rank));
    }
    return model;
  };
}

/** The rank at which factors [m, rank] and [rank, n] have a part of m n weights; 1 at least. */
function rankFor({ tensor: { dims } }: Layer, part: number): number {
  const [m, n] = dims;
  return Math.max(1, Math.floor((part * m * n) / (m + n)));
}

interface Factors {
  /** [m, rank] */
  readonly a: FloatTensor;
  /** [rank, n] */
  readonly b: FloatTensor;
}

/**
 * The factors of a matrix by their rank: A the first left singular vectors u of W, which are the eigenvectors of W W^T,
 * and B = A^T W. A column of A and its row of B are given the same length, as they are to be trained together.
 */
export function factorsOf({ dims, data }: FloatTensor): (rank: number) => Factors {
  const [m, n] = dims;
  const w = Matrix.from1DArray(m, n, data);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(w.mmul(w.transpose()), {
    assumeSymmetric: true,
  });
  return (rank) => {
    // Eigenvalues come in rising order, and are squares of the singular values.
    const u = eigenvectorMatrix.subMatrix(0, m - 1, m - rank, m - 1);
    const b = u.transpose().mmul(w);
    const roots = realEigenvalues.slice(m - rank).map((square) => Math.max(square, 0) ** 0.25);
    const safe = roots.map((root) => root || 1);
    return { a: tensorOf(u.mulRowVector(safe)), b: tensorOf(b.divColumnVector(safe)) };
  };
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
