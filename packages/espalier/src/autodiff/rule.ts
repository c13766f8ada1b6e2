import { UserError } from "../errors.ts";
import type { GraphBuilder } from "../onnx/builder.ts";
import { label, type Node } from "../onnx/graph.ts";
import type { NumericTensor, TensorType } from "../onnx/tensor.ts";
import type { MathNodes } from "./math.ts";

/**
 * How an operator's gradient is built: adds nodes that compute the gradient of each input from those of the outputs.
 *
 * The result has one entry for each input, undefined where no gradient flows or none is wanted.
 * A gradient has the shape of its input.
 */
export type GradientRule = (context: RuleContext) => readonly (string | undefined)[];

/** What a rule sees of the node that it differentiates. */
export interface RuleContext {
  readonly node: Node;
  /** Adds nodes to the graph. */
  readonly graph: GraphBuilder;
  /** Adds the nodes of formulas: `math.mul(g, math.cos(x))`. */
  readonly math: MathNodes;
  /** Names of the node's inputs and outputs. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The gradient of each output; undefined for an output that the loss does not depend on. */
  readonly gradients: readonly (string | undefined)[];
  /** The gradient of the first output that has one: the gradient, for an operator with one output. */
  readonly gradient: string;
  /** Returns true if the gradient of an input is wanted. */
  wants(input: number): boolean;
  /** The element type and shape of a value of the forward graph. */
  type(value: string): TensorType;
  /** The shape of a value of the forward graph. */
  shape(value: string): readonly number[];
  /** The element type that gradients have in this node. */
  readonly dtype: "float32" | "float64";
  /** How many channels lie side by side in the runtime's blocked kernels; undefined where they are not to be used. */
  readonly blockSize?: number;
  /** The value of an input that no feed changes (axes, pads, ...); undefined for an input left out. */
  constant(input: number): NumericTensor | undefined;
  /** A scalar constant of the gradient's type. */
  scalar(value: number): string;
}

/** The error of a rule that does not cover a node's attributes or inputs. */
export function notCovered(node: Node, what: string): UserError {
  return new UserError(
    `The gradient of node ${label(node)} is not known for ${what}: pass a rule of your own for ${node.op}, or freeze the layers before it.`,
  );
}
