import { UserError } from "../errors.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { consumers, copyModel, type Model, type Node, producers } from "../onnx/graph.ts";
import { withoutDeadNodes } from "../onnx/live.ts";
import { zeroStates } from "../onnx/states.ts";
import type { TypedModel, TypedValue } from "../onnx/typed.ts";
import { endOf } from "../operators/ends.ts";
import { type Head, headsOf } from "./heads.ts";

/** A network with all of its outputs, and what they are. */
export interface AllOutputs {
  readonly model: Model;
  /** Of each output, in order. */
  readonly heads: readonly Head[];
}

/**
 * A network with all of its outputs in their order, each taken before the Softmax, LogSoftmax or Sigmoid that it ends in:
 * losses begin from there. Outputs of whole numbers are as they were.
 * @param only the outputs to keep, by name; default: all
 * @throws UserError for an output that it does not have
 */
export function withAllOutputs(annotated: TypedModel, only?: readonly string[]): AllOutputs {
  for (const name of only ?? []) {
    if (annotated.outputs.some((output) => output.name === name)) continue;
    const list = annotated.outputs.map((output) => `"${output.name}"`).join(", ");
    throw new UserError(`The network "${annotated.name}" has no output "${name}": its outputs are ${list}.`);
  }
  const kept = annotated.outputs.map(({ name }) => !only || only.includes(name));
  const heads = headsOf(annotated).filter((_, i) => kept[i]);
  const outputs = annotated.outputs.filter((_, i) => kept[i]);
  const model = copyModel(annotated);
  const graph = new GraphBuilder(model, "before/");
  const makers = producers(annotated);
  const readers = consumers(annotated);
  const given = new Set(annotated.outputs.map(({ name }) => name));
  model.outputs = outputs.map((output, i): TypedValue => {
    const { kind } = heads[i];
    if (kind === "values" || kind === "whole") return output;
    const { end, carriers } = endOf(annotated, makers, output.name);
    if (!end) return output;
    const path = [...carriers, end].map((node) => node.outputs[0]);
    // What anything else reads stays, and the way from the scores on is another.
    const shared = path.some((name) => (readers.get(name)?.length ?? 0) + (given.has(name) ? 1 : 0) > 1);
    return { ...output, name: shared ? copied(graph, [end, ...carriers.toReversed()]) : cut(model, end, output.name) };
  });
  const { outputs: taken } = model;
  const made = new Set(model.nodes.flatMap((node) => node.outputs));
  const next = zeroStates(model).filter(({ output }) => made.has(output));
  const live = withoutDeadNodes({ ...model, outputs: [...taken, ...next.map(({ output: name }) => ({ name }))] });
  return { model: { ...live, outputs: taken }, heads };
}

/** Puts Identity in the place of a node. */
function cut(model: Model, end: Node, output: string): string {
  model.nodes = model.nodes.map((node) => (node === end ? { ...node, op: "Identity", attributes: {} } : node));
  return output;
}

/** Adds the nodes that carry a value on, behind what the first of them reads. */
function copied(graph: GraphBuilder, [end, ...carriers]: readonly Node[]): string {
  let value = graph.emit("Identity", [end.inputs[0]]);
  for (const { op, inputs, attributes } of carriers) {
    value = graph.emit(op, [value, ...inputs.slice(1)], attributes);
  }
  return value;
}
