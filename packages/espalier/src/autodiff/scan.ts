import { int, ints } from "../onnx/attributes.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { emptyModel, type Graph } from "../onnx/graph.ts";
import { type MathNodes, mathNodes } from "./math.ts";
import type { RuleContext } from "./rule.ts";

/** A recurrence along the first axis of some sequences. */
export interface Recurrence {
  /** The states before the first step. */
  readonly states: readonly string[];
  /** Sequences [steps, ...], of which each step reads its element. */
  readonly sequences: readonly string[];
  /** Whether the last element comes first. What is collected lies in the order of the sequences either way. */
  readonly backwards: boolean;
  /** How many results each step leaves. */
  readonly results: number;
  /** Adds the nodes of one step; those see every value of the graph around them. */
  readonly step: (body: StepNodes, states: readonly string[], elements: readonly string[]) => StepResult;
}

/** Adds the nodes of a step. */
export interface StepNodes {
  readonly graph: GraphBuilder;
  readonly math: MathNodes;
}

/** The next states, and what the step leaves in the collected sequences. */
export interface StepResult {
  readonly states: readonly string[];
  readonly results: readonly string[];
}

/**
 * Adds a recurrence (ONNX Scan). The less a step does the better: the runtime spends microseconds on each of its nodes.
 * @returns the last states, and the results [steps, ...]
 */
export function scan({ graph, scalar, dtype }: RuleContext, recurrence: Recurrence): StepResult {
  const { sequences, backwards, step } = recurrence;
  const name = graph.fresh("Scan");
  const inner = new GraphBuilder(emptyModel(name), `${name}/`);
  const states = recurrence.states.map(() => inner.fresh("state"));
  const elements = sequences.map(() => inner.fresh("element"));
  const next = step({ graph: inner, math: mathNodes(inner, scalar) }, states, elements);
  // An output of the body that is one of its inputs, or another output as well, needs a name of its own.
  const used = new Set([...states, ...elements]);
  const outputs = [...next.states, ...next.results].map((value) => {
    if (used.has(value)) return inner.emit("Identity", [value]);
    used.add(value);
    return value;
  });
  const typed = (value: string) => ({ name: value, dtype });
  const body: Graph = {
    ...inner.model,
    inputs: [...states, ...elements].map(typed),
    outputs: outputs.map(typed),
  };
  const directions = (count: number) => ints(Array.from({ length: count }, () => Number(backwards)));
  const found = graph.emitMany(
    "Scan",
    [...recurrence.states, ...sequences],
    {
      body: { kind: "graph", value: body },
      num_scan_inputs: int(sequences.length),
      scan_input_directions: directions(sequences.length),
      scan_output_directions: directions(recurrence.results),
    },
    outputs.length,
  );
  return { states: found.slice(0, states.length), results: found.slice(states.length) };
}
