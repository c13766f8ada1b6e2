import { UserError } from "../errors.ts";
import { attribute, int } from "../onnx/attributes.ts";
import type { GraphBuilder } from "../onnx/builder.ts";
import { label, lookup, type Node } from "../onnx/graph.ts";
import { isFloat32, sizeOf } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";

/** What a BatchNormalization goes by in training: the statistics of each batch, or its running ones, left as they are. */
export type BatchNorm = "batch" | "frozen";

/** A running mean or variance that each step renews. It is state of the network, not trained by a gradient. */
export interface RunningStatistic {
  /** The initializer that holds it. */
  readonly name: string;
  /** The value that holds what it becomes. */
  readonly next: string;
}

/**
 * Makes BatchNormalization nodes normalize by the mean and variance of the batch (Ioffe and Szegedy, arXiv 1502.03167,
 * algorithm 1): those of which something is trained. A layer that is frozen keeps its statistics too.
 *
 * The running statistics follow as ONNX defines it: new = momentum old + (1 - momentum) of the batch, where the
 * momentum is the part that stays (PyTorch's is the part that is new), and the variance is the biased one, divided by
 * the number of elements (PyTorch normalizes by that one too, but keeps the unbiased one).
 * @param graph of a copy of the network
 * @param trained names of the parameters that are trained
 * @returns what is renewed; a statistic that several nodes share goes from one to the next
 * @throws UserError where a batch has one element in a channel, which has no variance
 */
export function exposeBatchNorm(
  graph: GraphBuilder,
  annotated: TypedModel,
  trained: ReadonlySet<string>,
): RunningStatistic[] {
  const { model } = graph;
  const known = lookup(annotated);
  const newest = new Map<string, string>();
  model.nodes = model.nodes.map((node) => {
    const [input, scale, bias, ...running] = node.inputs;
    if (node.op !== "BatchNormalization" || node.domain !== "") return node;
    if (attribute(node, "int", "training_mode", 0) === 1 || !(trained.has(scale) || trained.has(bias))) return node;
    if (!running.every((name) => isFloat32(model.initializers.get(name)))) return node;
    checkElements(node, known.type(input).dims);
    const current = running.map((name) => newest.get(name) ?? name);
    const next = running.map((name) => graph.fresh(`next/${name}`));
    for (const [i, name] of running.entries()) newest.set(name, next[i]);
    return {
      ...node,
      inputs: [input, scale, bias, ...current],
      outputs: [node.outputs[0], ...next],
      attributes: { ...node.attributes, training_mode: int(1) },
    };
  });
  return Array.from(newest, ([name, next]) => ({ name, next }));
}

function checkElements(node: Node, dims: readonly number[]): void {
  if (sizeOf(dims) / dims[1] > 1) return;
  throw new UserError(
    `Node ${label(node)} sees one element of each channel in a batch of ${dims[0]}, which has no variance: train with a larger batch, or with the statistics frozen.`,
  );
}
