import type { GraphBuilder } from "../onnx/builder.ts";
import type { Node } from "../onnx/graph.ts";
import type { FloatTensor } from "../onnx/tensor.ts";
import type { UnitRule } from "./units.ts";

/** Says why an operator lacks a facet. */
export interface None {
  readonly none: string;
}

/** What the toolkit knows of an operator in one respect, or the reason why there is nothing to know. */
export type Facet<T extends object> = T | None;

/** Returns true if the facet is there. */
export function has<T extends object>(facet: Facet<T>): facet is T {
  return !("none" in facet);
}

/** Weights as a node reads them. */
export interface WeightUse {
  readonly node: Node;
  /** Which of the node's inputs they are. */
  readonly operand: number;
  /** Their shape there; undefined where they come through a view whose shape only `annotate` tells. */
  readonly dims?: readonly number[];
}

/** The same in a network whose shapes are known. */
export interface ShapedUse extends WeightUse {
  readonly dims: readonly number[];
  /** The shape of a value of the network. */
  shape(value: string): readonly number[];
}

/** Which inputs hold connections that can be pruned. */
export interface LayerFacet {
  /** The inputs that are a layer each, where they are constant. */
  operands(node: Node): readonly number[];
  /** The value that such weights multiply, or by which they are looked up. */
  data(node: Node, operand: number): string;
  /** The axis of such weights, of so many axes, along which output units lie: each of these has a scale of its own. */
  unitAxis(use: WeightUse, rank: number): number;
  /** True where Concat may put the weights together from several initializers, each of which is a layer. */
  readonly inParts?: boolean;
}

/** Where the numbers are that are added to each output unit. */
export interface BiasFacet {
  /** The operator's own input for them; the constant of an Add right behind the node is one too. */
  readonly input?: number;
  /**
   * The shape of one number for each output unit, without leading ones.
   * @param at whether at the operator's own input, or as it broadcasts against the output
   * @returns undefined where the shape of the weights is not known
   */
  shape(use: WeightUse, at: "input" | "output"): readonly number[] | undefined;
}

/** How a layer's inputs and outputs become rows and columns of matrices, one for each place at which it is looked at. */
export interface Places {
  /** The part of all places of a sample that are looked at, above 0; default: 1. */
  readonly part?: number;
  /** Adds the nodes that turn the input into what the rows look at: [groups, places, columns]. */
  unfold(graph: GraphBuilder, input: string): string;
  /**
   * Adds the nodes that arrange the output, or its gradient, in the same way: [groups, places, rows]. Undefined where the
   * node's output is not what the rows compute.
   */
  arrange?(graph: GraphBuilder, output: string): string;
}

/** Weights as products of matrices, one for each group, as seen from an output unit: [groups, rows, columns]. */
export interface Matrices extends Places {
  readonly groups: number;
  /** Output units of a group. */
  readonly rows: number;
  /** Connections of each. */
  readonly columns: number;
  /** The value that is unfolded; its shape is known. */
  readonly input: string;
  /** The same with at most so many places of each sample, where a sample has many. */
  sparser?(most: number): Places;
  /** The weights as matrices [groups, rows, columns]. */
  matrices(weights: FloatTensor): Float32Array;
  /** The weights that such matrices are. */
  weights(matrices: Float32Array): FloatTensor;
}

/** Reads weights as matrices; undefined for a form of the operator that is not a product of matrices. */
export type FitFacet = (use: ShapedUse) => Matrices | undefined;

/** Multiply-accumulate operations of weights in one run of their node. */
export type MacsFacet = (use: ShapedUse) => number;

/** What an operator with weights is to pruning, sharing, fitting and counting. */
export interface Facets {
  /** The inputs that are weights wherever they are constant. */
  readonly weights: readonly number[];
  readonly layer: Facet<LayerFacet>;
  readonly bias: Facet<BiasFacet>;
  readonly fit: Facet<FitFacet>;
  readonly macs: Facet<MacsFacet>;
  readonly units: Facet<UnitRule>;
}
