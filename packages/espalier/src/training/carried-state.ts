import type { GraphBuilder } from "../onnx/builder.ts";
import { type Model, type Node, typeOf } from "../onnx/graph.ts";
import { directionsOf, isRecurrent, statesOf } from "../onnx/recurrent.ts";
import { zeroStates } from "../onnx/states.ts";
import type { TypedModel } from "../onnx/typed.ts";

/** The state of a recurrent node, which goes on from one window of a sequence to the next. */
export interface CarriedState {
  /** The input that takes the state before the window; zeros begin a sequence. */
  readonly name: string;
  /** The value that holds it behind the window. */
  readonly next: string;
  readonly dims: readonly number[];
}

/**
 * Gives the recurrent nodes that begin from no state of their own an input for it, and the state behind the window as a
 * value: windows that follow each other then are one sequence, of which the gradient sees one window at a time
 * (truncated backpropagation through time: Williams and Peng, Neural Computation 2(4), 1990).
 *
 * So are the states that a caller of the network would carry.
 *
 * A node that runs backward as well has seen the end of a window before its beginning: it begins each anew.
 * @param graph of a copy of the network, or of one with the same values
 */
export function exposeState(graph: GraphBuilder, annotated: TypedModel): CarriedState[] {
  const { model } = graph;
  const states = declaredStates(model, annotated);
  model.nodes = model.nodes.map((node) => {
    if (!isRecurrent(node) || directionsOf(node).join() !== "") return node;
    const ports = statesOf(node).filter(({ input }) => !node.inputs[input]);
    if (ports.length === 0) return node;
    const inputs = [...node.inputs];
    const outputs = [...node.outputs];
    const dims = stateDims(annotated, node);
    for (const { kind, input, output } of ports) {
      const name = graph.fresh(`state/${node.name || node.outputs[0]}/${kind}`);
      model.inputs.push({ name, dtype: "float32", shape: dims });
      put(inputs, input, name);
      if (!outputs[output]) put(outputs, output, graph.fresh(`next/${name}`));
      states.push({ name, next: outputs[output], dims });
    }
    return { ...node, inputs, outputs };
  });
  return states;
}

/** The states that a caller of the network would carry, which are zero in its form for samples, as inputs. */
function declaredStates(model: Model, annotated: TypedModel): CarriedState[] {
  const made = new Set(model.nodes.flatMap(({ outputs }) => outputs));
  return zeroStates(model).flatMap(({ input: name, output: next }) => {
    if (!made.has(next) || !made.has(name)) return [];
    const { dims } = typeOf(annotated, name);
    model.nodes = model.nodes.filter(({ outputs }) => outputs[0] !== name);
    model.inputs = [...model.inputs, { name, dtype: "float32", shape: dims }];
    return [{ name, next, dims }];
  });
}

/** [1, batch, hidden]. */
function stateDims(annotated: TypedModel, { inputs }: Node): number[] {
  const [, batch] = typeOf(annotated, inputs[0]).dims;
  const [, , hidden] = typeOf(annotated, inputs[2]).dims;
  return [1, batch, hidden];
}

/** Puts a name into a list of which the places before may be left out. */
function put(names: string[], place: number, name: string): void {
  while (names.length < place) names.push("");
  names[place] = name;
}
