import { int } from "../onnx/attributes.ts";
import type { GraphBuilder } from "../onnx/builder.ts";
import { codeOf } from "../onnx/dtype.ts";
import { consumers, type Node } from "../onnx/graph.ts";
import { withoutDeadNodes } from "../onnx/live.ts";

/** Operators whose output may be their input's own memory in another shape. */
const VIEWS = new Set(["Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout", "Transpose"]);

/**
 * When a parameter's new value may take the old one's place: waits for everything that reads the old one.
 *
 * The runtime only keeps to the order that data asks for, and the gradient of a layer's input, say, reads the weights
 * but does not go into their update. So a number of the update (the learning rate) is made to depend on it.
 * @param needed what else the step computes: the loss and the gradients of all parameters
 */
export function waits(graph: GraphBuilder, needed: readonly string[]) {
  const { model } = graph;
  const outputs = needed.map((name) => ({ name }));
  const { nodes } = withoutDeadNodes({ ...model, outputs });
  const readers = consumers({ ...model, nodes });
  /** Nodes that compute from a value, or from views of it. */
  const computedFrom = (value: string): Node[] =>
    (readers.get(value) ?? []).flatMap((node) => (VIEWS.has(node.op) ? computedFrom(node.outputs[0]) : [node]));

  /**
   * The number, once all that reads a parameter has run.
   * @param before a value that the update is computed from: what it needs has run anyway
   */
  return (number: string, parameter: string, before: string): string => {
    const earlier = new Set(withoutDeadNodes({ ...model, nodes, outputs: [{ name: before }] }).nodes);
    const late = computedFrom(parameter).filter((node) => !earlier.has(node));
    if (late.length === 0) return number;
    // Joined with nothing of each: its first 0 elements.
    const zero = graph.ints([0]);
    const nothing = late.map(({ outputs: [output] }) => {
      const none = graph.emit("Slice", [graph.emit("Reshape", [output, graph.ints([-1])]), zero, zero, zero]);
      return graph.emit("Cast", [none], { to: int(codeOf("float32")) });
    });
    return graph.emit("Concat", [graph.emit("Reshape", [number, graph.ints([1])]), ...nothing], { axis: int(0) });
  };
}
