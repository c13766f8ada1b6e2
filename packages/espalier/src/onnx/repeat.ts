import { int } from "./attributes.ts";
import { copyModel, type Graph, type Model, type Node, type Value } from "./graph.ts";
import { renamed } from "./rename.ts";
import type { FeedableModel } from "./typed.ts";

/** The name of the leading axis that feeds and outputs of a repeated graph have. */
export const STEPS = "steps";

export interface RepeatOptions {
  /** Which output is which input of the next step: `{ output: input }`. */
  readonly carry: Readonly<Record<string, string>>;
  /** Inputs that are the same for all steps. */
  readonly shared: ReadonlySet<string>;
}

/**
 * A graph that runs another several times in a row, by ONNX's Scan: what is carried goes from step to step, every
 * other input and output gains a leading axis with one entry for each step. Names stay as they are.
 */
export function repeat(model: FeedableModel, { carry, shared }: RepeatOptions): Model {
  const carried = Object.entries(carry);
  const states = carried.map(([, input]) => input);
  const outputs = carried.map(([output]) => output);
  const perStep = model.inputs.filter(({ name }) => !states.includes(name) && !shared.has(name));
  const collected = model.outputs.filter(({ name }) => !outputs.includes(name));
  const byName = new Map(model.inputs.map((input) => [input.name, input]));
  const stateInputs = states.map((name) => byName.get(name) ?? { name });

  // A subgraph sees the names around it, so those of the body's own inputs and outputs must differ from them.
  const inner = new Map(
    [...states, ...perStep.map(({ name }) => name), ...outputs, ...collected.map(({ name }) => name)].map((name) => [
      name,
      `each/${name}`,
    ]),
  );
  const innerValue = (value: Value): Value => ({ ...value, name: inner.get(value.name) ?? value.name });
  const body: Graph = {
    name: `${model.name} each`,
    nodes: model.nodes.map((node) => renamed(node, inner)),
    inputs: [...stateInputs, ...perStep].map(innerValue),
    // A state has the type of the input that it becomes.
    outputs: [...stateInputs.map((state, i) => ({ ...state, name: outputs[i] })), ...collected].map(innerValue),
    initializers: model.initializers,
    values: new Map(),
  };
  const scan: Node = {
    name: "scan",
    op: "Scan",
    domain: "",
    inputs: [...states, ...perStep.map(({ name }) => name)],
    outputs: [...outputs, ...collected.map(({ name }) => name)],
    attributes: { body: { kind: "graph", value: body }, num_scan_inputs: int(perStep.length) },
  };
  return {
    ...copyModel(model),
    name: `${model.name} repeated`,
    nodes: [scan],
    inputs: model.inputs.map((input) =>
      perStep.includes(input) ? { ...input, shape: [STEPS, ...(input.shape ?? [])] } : input,
    ),
    outputs: model.outputs.map(({ name }) => ({ name })),
    initializers: new Map(),
    values: new Map(),
  };
}
