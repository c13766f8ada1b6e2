import type { Attributes } from "../onnx/attributes.ts";
import type { Node } from "../onnx/graph.ts";
import type { FloatTensor, NumericTensor } from "../onnx/tensor.ts";
import type { WeightUse } from "./facets.ts";

/**
 * The words of unit removal: a *unit* is one output of a dense layer, one channel of a convolution, one number of an
 * embedding, one state of a recurrent layer. It is seen at an index of an *axis* of every value that carries it: after
 * Relu at the same index, after Flatten at several, after Concat or Transpose elsewhere. An operator ties axes to each
 * other, index by index; units that are tied can only go together (the dependency groups of DepGraph, arXiv 2301.12900).
 */
export interface Axis {
  readonly value: string;
  readonly axis: number;
}

/** An index map between two axes: index `sources[k]` of one and index `targets[k]` of the other are of one unit. */
export interface Passage {
  readonly from: Axis;
  readonly to: Axis;
  /** Default: 0, 1, 2, ... */
  readonly sources?: readonly number[];
  readonly targets?: readonly number[];
}

/** How the units of an axis lie in an initializer: by the joint index over some axes of its view. */
export interface Side {
  readonly units: Axis;
  readonly axes: readonly number[];
  /** The axis of the tensor itself that gets shorter with them. */
  readonly tensorAxis: number;
}

/** An initializer that has entries for units. */
export interface Held {
  readonly initializer: string;
  /** The initializer in another shape, of the same elements in the same order. */
  readonly view: readonly number[];
  readonly sides: readonly Side[];
  /** What stands for an entry whose unit is gone where the shape stays; default: 0. */
  readonly neutral?: number;
}

/** Weights by which an operator makes units of others. */
export interface Product extends Held {
  /** Those of its sides that the weights make: none of them has a value but from weights that are not zero. */
  readonly makes: readonly Side[];
  /** Those that they multiply. */
  readonly reads: readonly Side[];
  /** Where constants of what they multiply can be taken up. */
  readonly fold?: Fold;
}

/** The bias that takes constants up: an initializer in the order of the units, or a new one at an input of the node. */
export type Fold = { readonly bias: string } | { readonly input: number };

/** The bias that an operator has at its input 2, or can get there. */
export function foldInto(bias: string | undefined): Fold {
  return bias ? { bias } : { input: 2 };
}

/** What an operator does to units. Axes that no passage and no product names keep their units: these are pinned. */
export interface UnitLinks {
  readonly passages?: readonly Passage[];
  readonly products?: readonly Product[];
  /** Other initializers that have an entry for each unit of an axis. */
  readonly held?: readonly Held[];
  /**
   * Sums over the units of an axis, of what they hold or of its product with what those of other axes do, index by index:
   * a term is nothing where one of them is zero. Units that meet in a term can only go together.
   */
  readonly sums?: readonly (readonly Axis[])[];
  /** Axes each of whose units the node computes from all of them, by a mean or the like: these stay. */
  readonly mixed?: readonly Axis[];
  /** Axes of what it reads whose units it does not look at. */
  readonly unseen?: readonly Axis[];
  /**
   * What an index of an axis always holds, from what the units hold that pass to it, in the order of the passages: NaN
   * where that depends on the input. Of an axis that products make: what a unit holds all of whose weights are zero.
   */
  readonly constant?: (to: Axis, index: number, terms: readonly number[]) => number;
  /** How the node changes that names sizes. */
  readonly resized?: (left: UnitsLeft) => Resized;
}

/** How many units of an axis are left, or of its indices from one up to another. */
export type UnitsLeft = (axis: Axis, first?: number, end?: number) => number;

/** New attributes of a node, and new constants at some of its inputs. */
export interface Resized {
  readonly attributes?: Attributes;
  readonly constants?: ReadonlyMap<number, NumericTensor>;
}

/** What a rule can ask of the network around its node. */
export interface UnitContext {
  readonly node: Node;
  /** The version of the operator set. */
  readonly opset: number;
  shape(value: string): readonly number[];
  /** The float32 initializer that a value is, where this node alone reads it. */
  own(value: string | undefined): FloatTensor | undefined;
  /** The names of such initializers that Concat makes a value of, or the value's own; undefined for others. */
  parts(value: string): readonly string[] | undefined;
  constant(value: string | undefined): NumericTensor | undefined;
  /** Returns true for an axis that has units. */
  carries(axis: Axis): boolean;
  /** Returns true for a value that a node or an output reads. */
  isRead(value: string | undefined): boolean;
  /** The nodes that read a value; undefined where it is an output or a graph inside reads it. */
  readers(value: string): readonly Node[] | undefined;
  /** Which of so many axes units lie along that could lie along any of them: the one by which the most can be removed. */
  choose(axes: number): number;
  /** The bias of some weights, where one node alone reads it. */
  bias(use: WeightUse): string | undefined;
}

/** Follows units through a node; undefined where the node is of a form that is not followed. */
export type UnitRule = (context: UnitContext) => UnitLinks | undefined;

/** Passages of some axes to the same axes of another value. */
export function passAxes(from: string, to: string, axes: readonly number[]): Passage[] {
  return axes.map((axis) => ({ from: { value: from, axis }, to: { value: to, axis } }));
}

/** 0, 1, 2, ... up to a count. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** An initializer each of whose axes is one of units, or of none. */
export function along(initializer: string, dims: readonly number[], units: readonly (Axis | undefined)[]): Held {
  const sides = units.flatMap((axis, i) => (axis ? [{ units: axis, axes: [i], tensorAxis: i }] : []));
  return { initializer, view: dims, sides };
}

/** The number that all of some are; NaN where they differ. */
export function same(_to: Axis, _index: number, terms: readonly number[]): number {
  return terms.every((term) => term === terms[0]) ? (terms[0] ?? Number.NaN) : Number.NaN;
}
