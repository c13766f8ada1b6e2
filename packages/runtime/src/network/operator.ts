import type { Machine } from "../kernels/machine.ts";
import type { Compressed } from "./compressed.ts";
import type { Constant, GraphNode } from "./graph.ts";
import type { Matrix } from "./matrix.ts";

/** A float32 value of a network in memory. */
export interface Value {
  readonly dims: readonly number[];
  /** Its address. */
  readonly at: number;
  /** Whether it came out of an activation that leaves many zeros. */
  readonly rectified?: boolean;
}

/** Whole numbers that are known before anything runs: shapes, axes, indices. */
export interface Wholes {
  readonly dims: readonly number[];
  readonly wholes: readonly number[];
}

/** Something to do at each run. */
export type Step = () => void;

/** What an operator sees of its node when a network is planned for inputs of given shapes. */
export interface PlanContext {
  readonly machine: Machine;
  readonly node: GraphNode;
  /** What the next node wants done to the output at no cost: at least this. */
  readonly floor: number;
  /** A float32 input. */
  value(input: number): Value;
  /** Whole numbers that an input holds; undefined for an input left out. */
  wholes(input: number): readonly number[] | undefined;
  /** The constant that an input is; undefined for one that is computed. */
  constant(input: number): Constant | undefined;
  /** An attribute of the kind of `absent`. */
  attribute(name: string, absent: number): number;
  attribute(name: string, absent: string): string;
  attribute(name: string, absent: readonly number[]): readonly number[];
  /** Makes room for the output. */
  output(dims: readonly number[], options?: { readonly index?: number; readonly rectified?: boolean }): Value;
  /** Makes the output another name and shape of an input. */
  alias(dims: readonly number[], input?: number): void;
  /** Makes the output known whole numbers. */
  known(dims: readonly number[], wholes: readonly number[]): void;
  /** Room that is needed only while the node runs. */
  scratch(count: number): number;
  /**
   * What a node keeps from plan to plan, made when it is first asked for: its weights in their own form. The constants
   * that they were made of are then let go.
   */
  kept<T>(make: () => T): T;
  /** Makes a matrix of weights, to be kept. */
  matrix(rows: number, columns: number, elements: Compressed, bias?: Float32Array): Matrix;
  /** Where a table of whole numbers is that the plan keeps. */
  table(numbers: readonly number[]): number;
}

/** Plans a node: reads shapes, makes room, and gives what is to be done at each run. */
export type Operator = (context: PlanContext) => Step | undefined;

export const sizeOf = (dims: readonly number[]) => dims.reduce((product, dim) => product * dim, 1);
