import type { Machine } from "../kernels/machine.ts";
import type { AttributeReader } from "./attributes.ts";
import type { Constant } from "./constant.ts";
import type { ElementType, Numbers } from "./elements.ts";
import type { Graph } from "./graph.ts";
import type { Held, Matrix } from "./matrix.ts";
import type { Elements } from "./matrix-elements.ts";

/** A tensor between nodes, as an operator sees it when a network is planned for inputs of given shapes. */
export interface Value<T extends ElementType = ElementType> {
  readonly type: T;
  readonly dims: readonly number[];
  /** True if no element is below zero and many are zero: it came out of a Relu. */
  readonly rectified: boolean;
}

/** What an operator reads of an input. */
export interface Input<T extends ElementType = ElementType, P extends Presence = Presence> {
  /** The element types that its kernel takes. */
  readonly types: readonly T[];
  readonly presence: P;
  /** An input before it, of which it must have the element type. */
  readonly like?: string;
  /** What the operator reads of it: its numbers, or its shape alone. */
  readonly reads: "numbers" | "shape";
  /** True if inputs of a `rest` may be of several types. */
  readonly mixed?: boolean;
  /** True if a `rest` may be no input at all. */
  readonly empty?: boolean;
}

/** `rest`: any number of inputs, one or more, up to the last one; none is left out. */
export type Presence = "needed" | "optional" | "rest";

interface InputOptions {
  readonly like?: string;
  readonly reads?: "numbers" | "shape";
  readonly mixed?: boolean;
  readonly empty?: boolean;
}

/** An input that a node must have. */
export function needed<const T extends ElementType>(types: readonly T[], options?: InputOptions): Input<T, "needed"> {
  return { types, presence: "needed", reads: "numbers", ...options };
}

/** An input that may be left out. */
export function optional<const T extends ElementType>(
  types: readonly T[],
  options?: InputOptions,
): Input<T, "optional"> {
  return { types, presence: "optional", reads: "numbers", ...options };
}

/** All inputs from here on, which have one element type if they are not mixed. */
export function rest<const T extends ElementType>(types: readonly T[], options?: InputOptions): Input<T, "rest"> {
  return { types, presence: "rest", reads: "numbers", ...options };
}

export type Inputs = Readonly<Record<string, Input>>;
export type Attributes = Readonly<Record<string, AttributeReader<unknown>>>;

/** The value of an input. */
export type ValueOf<I> = I extends Input<infer T, infer P> ? Present<T, P> : never;

type Present<T extends ElementType, P extends Presence> = P extends "needed"
  ? Value<T>
  : P extends "optional"
    ? Value<T> | undefined
    : readonly Value<T>[];

/** The value of an attribute. */
export type AttributeOf<A> = A extends AttributeReader<infer T> ? T : never;

/** Something to do at each run. */
export type Step = () => void;

/**
 * What an operator is: all that it reads, and how it is planned.
 *
 * A node is refused before anything is computed if it has an attribute that is not among these, a value of one that its
 * reader does not take, more inputs or outputs, an input of another element type, or is of another operator set.
 */
export interface Operator<I extends Inputs = Inputs, A extends Attributes = Attributes> {
  /** The first operator set in which the operator means this. */
  readonly since: number;
  /** The last, where it was taken away. */
  readonly until?: number;
  /** In ONNX's order. */
  readonly inputs: I;
  readonly attributes: A;
  /** The most outputs that a node may ask for; default 1. */
  readonly outputs?: number;
  /** Plans a node: checks shapes, makes room, and gives what is to be done at each run, if there is anything. */
  plan(context: Planning<I, A>): Step | undefined;
}

/** What an operator means from each operator set on. */
export type Operators = Readonly<Record<string, Operator | readonly Operator[]>>;

/** Keeps the types of what an operator reads. */
export function operator<I extends Inputs, A extends Attributes>(described: Operator<I, A>): Operator {
  return described;
}

/** A node as it is planned. */
export interface Planning<I extends Inputs = Inputs, A extends Attributes = Attributes> {
  readonly machine: Machine;
  /** The operator set that the node is written in. */
  readonly set: number;
  readonly inputs: { readonly [K in keyof I]: ValueOf<I[K]> };
  readonly attributes: { readonly [K in keyof A]: AttributeOf<A[K]> };
  /** How many outputs the node has. */
  readonly outputs: number;
  /** True if an output is asked for. */
  wants(index: number): boolean;

  /** Makes room for an output. */
  output<T extends ElementType>(type: T, dims: readonly number[], options?: OutputOptions): Value<T>;
  /** Makes an output another name and shape of a value that there is. */
  alias(value: Value, dims: readonly number[], index?: number): void;
  /** A value as one of another shape of as many elements. */
  reshaped<T extends ElementType>(value: Value<T>, dims: readonly number[]): Value<T>;
  /** Where a value lies: its address at every run. A constant is laid into memory for it. */
  at(value: Value): number;
  /** Gives the elements of a value at each run. */
  view<T extends ElementType>(value: Value<T>): () => Numbers<T>;

  /** A value that the operator states itself. */
  given<T extends ElementType>(constant: Constant<T>): Value<T>;
  /** The constant that an input is; undefined for one that is left out, and for one that is computed. */
  constant<T extends ElementType>(value: Value<T> | undefined): Constant<T> | undefined;
  /**
   * The elements of a value while the network is planned. Where they depend on what is fed, the network is planned for
   * what was fed in this run.
   */
  known<T extends ElementType>(value: Value<T>): Numbers<T>;
  /**
   * True if the next node is a Relu that alone reads the output: it is then left out, and the operator must see to it
   * that no element is below zero. Asked once.
   */
  takesRelu(): boolean;
  /**
   * What a node keeps from plan to plan, made when it is first asked for: its weights in their own form. The constants
   * among its inputs that are named are let go when no other node needs them.
   */
  kept<T>(made: readonly (Value | undefined)[], make: () => T): T;
  /** Makes a matrix of weights, to be kept; its biases are asked for when the elements have come into their form. */
  matrix(rows: number, columns: number, elements: Elements, bias?: () => Float32Array): Matrix;
  /** Has a form of weights released with the network, and counted with them. */
  held<T extends Held>(form: T): T;
  /** Room for so many float32 that is needed only while the node runs: its address. */
  scratch(count: number): number;
  /** Where a table of whole numbers is that the plan keeps. */
  table(numbers: readonly number[]): number;
  /** Plans a branch or body in the node's place, and gives its outputs. */
  branch(graph: Graph, fed?: readonly Value[]): readonly Value[];
  /**
   * Plans another operator in the node's place, before what is planned next, and gives its output.
   * @param operator one that keeps nothing from plan to plan
   */
  apply(operator: Operator, inputs: readonly Value[], attributes: Readonly<Record<string, unknown>>): Value;

  /** Inputs that cannot be: of the wrong rank or shape. @throws UserError */
  wrong(reason: string): never;
  /** What ONNX defines and no kernel computes here. @throws UnsupportedError */
  refuse(reason: string): never;
}

export interface OutputOptions {
  /** Which output; default: the first. */
  readonly index?: number;
  /** Default: true where the operator takes a Relu's place, else false. */
  readonly rectified?: boolean;
}
