import type { GraphBuilder } from "../onnx/builder.ts";

/**
 * Adds the nodes that reduce a network's output and its target, both [batch, ...], to one number.
 * @returns the name of the loss, a scalar
 */
export type Loss = (graph: GraphBuilder, output: string, target: string, batch: number) => string;

/**
 * Softmax cross-entropy from logits: L = -1/N sum_n sum_c t_nc log softmax(z_n)_c.
 * The target t is a distribution over classes: one-hot labels, or another network's softened output.
 */
export const crossEntropy: Loss = (graph, logits, target, batch) => {
  const logProbabilities = graph.emit("LogSoftmax", [logits]);
  const matched = graph.emit("Mul", [target, logProbabilities]);
  return graph.emit("Mul", [graph.emit("ReduceSum", [matched], keepNoDims), graph.scalar("float32", -1 / batch)]);
};

/** Mean squared error: L = 1/N sum_n ||y_n - t_n||^2 / 2, whose gradient is the plain difference. */
export const meanSquaredError: Loss = (graph, output, target, batch) => {
  const difference = graph.emit("Sub", [output, target]);
  const squared = graph.emit("Mul", [difference, difference]);
  return graph.emit("Mul", [graph.emit("ReduceSum", [squared], keepNoDims), graph.scalar("float32", 0.5 / batch)]);
};

/** Absolute error: L = 1/N sum_n ||y_n - t_n||_1. */
export const absoluteError: Loss = (graph, output, target, batch) => {
  const distance = graph.emit("Abs", [graph.emit("Sub", [output, target])]);
  return graph.emit("Mul", [graph.emit("ReduceSum", [distance], keepNoDims), graph.scalar("float32", 1 / batch)]);
};

/**
 * Binary cross-entropy of several labels from logits: L = 1/N sum_n sum_i softplus(z_ni) - z_ni t_ni, which is
 * -t log sigmoid(z) - (1 - t) log(1 - sigmoid(z)).
 */
export const binaryCrossEntropy: Loss = (graph, logits, target, batch) => {
  const matched = graph.emit("Mul", [target, logits]);
  const entropy = graph.emit("Sub", [graph.emit("Softplus", [logits]), matched]);
  return graph.emit("Mul", [graph.emit("ReduceSum", [entropy], keepNoDims), graph.scalar("float32", 1 / batch)]);
};

/** The losses by the names that the command line gives them. */
export const losses: ReadonlyMap<string, Loss> = new Map([
  ["cross-entropy", crossEntropy],
  ["binary-cross-entropy", binaryCrossEntropy],
  ["mse", meanSquaredError],
  ["mae", absoluteError],
]);

const keepNoDims = { keepdims: { kind: "int", value: 0 } } as const;

/** Turns labels, int32 [batch], into their one-hot rows, float32 [batch, classes]. */
export function oneHot(graph: GraphBuilder, labels: string, classes: number): string {
  const offAndOn = graph.constant({ dtype: "float32", dims: [2], data: Float32Array.of(0, 1) });
  return graph.emit("OneHot", [labels, graph.scalar("float32", classes), offAndOn]);
}
