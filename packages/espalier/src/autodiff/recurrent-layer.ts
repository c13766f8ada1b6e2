import { attribute, int } from "../onnx/attributes.ts";
import { int64s } from "../onnx/tensor.ts";
import { asNumbers } from "./elementwise.ts";
import { notCovered, type RuleContext } from "./rule.ts";
import { zeros } from "./zeros.ts";

/** Inputs of LSTM, GRU and RNN in ONNX's order. */
export const [X, W, R, B, LENGTHS, INITIAL, CELL, PEEPHOLES] = [0, 1, 2, 3, 4, 5, 6, 7];

/** The sizes of a recurrent layer: T steps of B sequences of I features, H units. */
export interface Sizes {
  readonly steps: number;
  readonly batch: number;
  readonly features: number;
  readonly units: number;
}

/** One direction of a recurrent layer, with the gradients that arrive at its outputs. */
export interface Layer extends Sizes {
  /** The activation of the RNN, in lower case. */
  readonly activation: string;
  /** Whether the last step comes first. */
  readonly backwards: boolean;
  /** The input [T B, I]. */
  readonly x: string;
  /** Weights [G H, I] of the input and [G H, H] of the state, for G gates. */
  readonly w: string;
  readonly r: string;
  /** The biases [G H] that are added to both products; undefined where there are none. */
  readonly biases: readonly [string, string] | undefined;
  /** The state after each step, [T, B, H]. */
  readonly y: string;
  /** The state before each step, [T, B, H]. */
  readonly previous: string;
  /** The LSTM's cell before the first step, [B, H]. */
  readonly cell: string;
  /** Where sequences have lengths of their own: which of their steps count, bool [T, B, 1]. */
  readonly valid: string | undefined;
  /** Gradients of the states [T, B, H], of the last state and of the last cell [B, H]. */
  readonly dy: string | undefined;
  readonly dLast: string;
  readonly dLastCell: string;
}

/** @param activations those of the definition; undefined where any of the RNN's will do */
export function refuse({ node, inputs }: RuleContext, activations: readonly string[] | undefined): void {
  if (inputs[PEEPHOLES]) throw notCovered(node, "peepholes");
  if (attribute(node, "int", "layout", 0) !== 0) throw notCovered(node, "the layout 1");
  if (attribute(node, "int", "input_forget", 0) !== 0) throw notCovered(node, "coupled gates (input_forget)");
  if (node.attributes.clip) throw notCovered(node, "clipped gates (clip)");
  const known = activations ?? ["tanh", "relu", "sigmoid"];
  const unusual = activationsOf(node).find((name, i) =>
    activations ? name !== activations[i % activations.length] : !known.includes(name),
  );
  if (unusual !== undefined) throw notCovered(node, `the activation "${unusual}" there`);
}

function activationsOf(node: RuleContext["node"]): string[] {
  return attribute(node, "strings", "activations", []).map((name) => name.toLowerCase());
}

/** The directions of the node that a rule differentiates. */
export function layersOf(context: RuleContext): Layer[] {
  const { node, graph, inputs, gradients, shape } = context;
  const [steps, batch, features] = shape(inputs[X]);
  const [directions, , units] = shape(inputs[R]);
  const sizes = { steps, batch, features, units };
  const direction = attribute(node, "string", "direction", "forward");
  const activations = activationsOf(node);
  const y = graph.exposeOutput(node, 0);
  const x = as(context, inputs[X], [steps * batch, features]);

  return Array.from({ length: directions }, (_, i) => {
    const backwards = direction === "reverse" || i === 1;
    /** This direction's part of a value, whose axis of directions goes. */
    const part = (value: string, axis: number, dims: readonly number[]) =>
      directions === 1
        ? as(context, value, dims)
        : graph.emit("Gather", [value, graph.constant({ ...int64s([i]), dims: [] })], { axis: int(axis) });
    const optional = (value: string | undefined, axis: number, dims: readonly number[]) =>
      value ? part(value, axis, dims) : undefined;
    const state = (value: string | undefined) => optional(value, 0, [batch, units]) ?? zeros(context, [batch, units]);
    const w = shape(inputs[W]).slice(1);
    const both = optional(inputs[B], 0, [2 * w[0]]);
    const [first, second] = both ? split(context, both, 0, [w[0], w[0]]) : [];
    const states = part(y, 1, [steps, batch, units]);
    const valid = inputs[LENGTHS] ? counted(context, sizes, 0) : undefined;
    // Of a sequence without a step the runtime gives zeros, whatever the state that it began with.
    const any = valid && as(context, asNumbers(context, counted(context, { ...sizes, steps: 1 }, 0)), [batch, 1]);
    const last = (gradient: string | undefined) =>
      gradient && any ? graph.emit("Mul", [state(gradient), any]) : state(gradient);
    const dy = optional(gradients[0], 1, [steps, batch, units]);
    return {
      ...sizes,
      activation: activations[i] ?? "tanh",
      backwards,
      x,
      w: part(inputs[W], 0, w),
      r: part(inputs[R], 0, shape(inputs[R]).slice(1)),
      biases: first && second ? ([first, second] as const) : undefined,
      y: states,
      previous: statesBefore(context, { ...sizes, backwards }, states, state(inputs[INITIAL])),
      cell: state(inputs[CELL]),
      valid,
      dy: dy && valid ? graph.emit("Mul", [dy, asNumbers(context, valid)]) : dy,
      dLast: last(gradients[1]),
      dLastCell: last(gradients[2]),
    };
  });
}

/** Which steps lie within the lengths of their sequences, `ahead` steps further on: bool [T, B, 1]. */
function counted({ graph, inputs }: RuleContext, { steps, batch }: Sizes, ahead: number): string {
  const places = Int32Array.from({ length: steps }, (_, step) => step + ahead);
  const lengths = graph.emit("Reshape", [inputs[LENGTHS], graph.ints([1, batch, 1])]);
  return graph.emit("Less", [graph.constant({ dtype: "int32", dims: [steps, 1, 1], data: places }), lengths]);
}

/**
 * h before each step. Where the last step comes first, it has the initial state before it: the last one that counts,
 * in a sequence with a length of its own.
 */
function statesBefore(
  context: RuleContext,
  layer: Sizes & Pick<Layer, "backwards">,
  y: string,
  initial: string,
): string {
  const { graph, inputs } = context;
  const before = shifted(context, layer, y, initial);
  if (!inputs[LENGTHS] || !layer.backwards) return before;
  return graph.emit("Where", [counted(context, layer, 1), before, initial]);
}

/** A sequence [T, B, H] one step later in the direction's order, `initial` [B, H] first. */
function shifted(
  context: RuleContext,
  { steps, batch, units, backwards }: Sizes & Pick<Layer, "backwards">,
  sequence: string,
  initial: string,
): string {
  const { graph } = context;
  const [from, to] = backwards ? [1, steps] : [0, steps - 1];
  const rest = graph.emit("Slice", [sequence, graph.ints([from]), graph.ints([to]), graph.ints([0])]);
  const first = as(context, initial, [1, batch, units]);
  return joined(context, 0, backwards ? [rest, first] : [first, rest]);
}

/** A value in another shape. */
export function as({ graph }: RuleContext, value: string, dims: readonly number[]): string {
  return graph.emit("Reshape", [value, graph.ints(dims)]);
}

/** Parts of a value along an axis. */
export function split({ graph }: RuleContext, value: string, axis: number, sizes: readonly number[]): string[] {
  return graph.emitMany("Split", [value, graph.ints(sizes)], { axis: int(axis) }, sizes.length);
}

export function joined({ graph }: RuleContext, axis: number, parts: readonly string[]): string {
  return parts.length === 1 ? parts[0] : graph.emit("Concat", parts, { axis: int(axis) });
}
