import { attribute } from "./attributes.ts";
import type { Node } from "./graph.ts";

/** Gates of the recurrent operators in the order in which W and R stack them (ONNX operators LSTM, GRU, RNN). */
const GATES: ReadonlyMap<string, readonly string[]> = new Map([
  ["LSTM", ["i", "o", "f", "c"]],
  ["GRU", ["z", "r", "h"]],
  ["RNN", [""]],
]);

/** The inputs W and R of a recurrent node. */
export const RECURRENT_WEIGHTS = [1, 2] as const;

/** A state that a recurrent node takes from step to step: the input that begins it and the output that ends it. */
export interface StatePort {
  readonly kind: "h" | "c";
  readonly input: number;
  readonly output: number;
}

const HIDDEN: StatePort = { kind: "h", input: 5, output: 1 };
const CELL: StatePort = { kind: "c", input: 6, output: 2 };

export function isRecurrent({ op, domain }: Node): boolean {
  return domain === "" && GATES.has(op);
}

/** The names of the gates of a recurrent node; "" where it has one only. */
export function gatesOf({ op }: Pick<Node, "op">): readonly string[] {
  return GATES.get(op) ?? [];
}

/** The names of the directions in which a recurrent node runs over its sequence; "" where it runs forward only. */
export function directionsOf(node: Node): readonly string[] {
  const direction = attribute(node, "string", "direction", "forward");
  return direction === "bidirectional" ? ["forward", "reverse"] : direction === "reverse" ? ["reverse"] : [""];
}

/** The states of a recurrent node. */
export function statesOf({ op }: Node): readonly StatePort[] {
  return op === "LSTM" ? [HIDDEN, CELL] : [HIDDEN];
}
