import type { OutputForm } from "../adoption/outputs.ts";
import type { TensorSpec } from "../data/dataset.ts";
import type { GraphBuilder } from "../onnx/builder.ts";
import type { TypedValue } from "../onnx/typed.ts";
import type { JudgedBatch, Measure, Tally } from "./measure.ts";
import type { TargetCheck } from "./target-check.ts";

/** The loss on samples that nothing is learned from. */
export interface MeanLoss {
  /** The mean over all that was counted. */
  readonly loss: number;
  /** What was counted: samples, or their labels where each has several. */
  readonly samples: number;
}

/**
 * What a network is for: which targets its outputs are held against, the loss that training lowers, and the measure by
 * which networks are judged.
 */
export interface Task {
  readonly name: string;
  /** By which epochs, networks and searches are judged. */
  readonly measure: Measure;
  /** What is taken for a network's output. */
  readonly form: OutputForm;
  /**
   * The targets that the loss and the measure read, in the order in which they get them: tensors of the dataset, in the
   * element types that are wanted.
   * @param outputs of the network, [batch, ...]
   * @throws UserError where the data has no such targets, or the outputs do not fit them
   */
  targets(outputs: readonly TypedValue[]): readonly TensorSpec[];
  /** Checks the first target of each sample, before it is learned from or judged by; default: any will do. */
  readonly checkTarget?: TargetCheck;
  /**
   * Adds the nodes that reduce a batch's outputs and targets, both [batch, ...], to one number.
   * @returns the name of the loss, a float32 scalar
   */
  loss(graph: GraphBuilder, outputs: readonly TypedValue[], targets: readonly TypedValue[]): string;
  /** What BatchNormalization goes by in training, unless it is said; default: the statistics of each batch. */
  readonly batchNorm?: "batch" | "frozen";
  /** Adds up the same loss over the batches of a split. */
  lossTally(): Tally<MeanLoss>;
}

export type { JudgedBatch, Measure, Tally };
