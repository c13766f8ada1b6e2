import { type Attributes, attribute, int } from "./attributes.ts";
import { GraphBuilder } from "./builder.ts";
import { copyModel, type Model, type Node, OPSET } from "./graph.ts";
import { scalar } from "./tensor.ts";

/** Rewrites one node of an older operator set; it adds what takes the node's place. */
type Rewrite = (graph: GraphBuilder, node: Node) => void;

/** An operator's change: nodes of an operator set before `since` are rewritten. */
interface Change {
  readonly since: number;
  readonly rewrite: Rewrite;
}

/** Attributes that became inputs, in the order of those inputs. */
type Moves = readonly { readonly name: string; readonly kind: "ints" | "float" }[];

const move =
  (moves: Moves): Rewrite =>
  (graph, node) => {
    const attributes = Object.fromEntries(
      Object.entries(node.attributes).filter(([name]) => !moves.some((m) => m.name === name)),
    );
    const added = moves.map(({ name, kind }) => {
      if (kind === "ints") {
        const values = attribute(node, "ints", name, undefined);
        return values ? graph.ints(values) : "";
      }
      const value = attribute(node, "float", name, undefined);
      return value === undefined ? "" : graph.constant(scalar("float32", value));
    });
    while (added.at(-1) === "") added.pop();
    graph.model.nodes.push({ ...node, attributes, inputs: [...node.inputs, ...added] });
  };

const axes = move([{ name: "axes", kind: "ints" }]);

/** Before 13 these worked on the input flattened into a matrix at the axis, which was 1 by default. */
const flattened: Rewrite = (graph, node) => {
  const attributes: Attributes = { ...node.attributes, axis: int(1) };
  const axis = attribute(node, "int", "axis", 1);
  const matrix = graph.emit("Flatten", [node.inputs[0]], { axis: int(axis) });
  const result = graph.emit(node.op, [matrix], attributes);
  graph.emit("Reshape", [result, graph.emit("Shape", [node.inputs[0]])], {}, node.outputs[0]);
};

const reductions = ["ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare"];

/** What changed between operator sets 7 and 18, of the operators that have gradient rules (ONNX changelog). */
const changes: ReadonlyMap<string, Change> = new Map([
  [
    "Slice",
    {
      since: 10,
      rewrite: move([
        { name: "starts", kind: "ints" },
        { name: "ends", kind: "ints" },
        { name: "axes", kind: "ints" },
      ]),
    },
  ],
  [
    "Clip",
    {
      since: 11,
      rewrite: move([
        { name: "min", kind: "float" },
        { name: "max", kind: "float" },
      ]),
    },
  ],
  [
    "Pad",
    {
      since: 11,
      rewrite: move([
        { name: "pads", kind: "ints" },
        { name: "value", kind: "float" },
      ]),
    },
  ],
  ["Dropout", { since: 12, rewrite: move([{ name: "ratio", kind: "float" }]) }],
  ["Squeeze", { since: 13, rewrite: axes }],
  ["Unsqueeze", { since: 13, rewrite: axes }],
  ["ReduceSum", { since: 13, rewrite: axes }],
  ["Softmax", { since: 13, rewrite: flattened }],
  ["LogSoftmax", { since: 13, rewrite: flattened }],
  ...reductions.map((op) => [op, { since: 18, rewrite: axes }] as const),
]);

/**
 * Brings a model to the operator set that training works in. Only the graph that is trained is rewritten: what is
 * written to a file keeps the nodes that it was read with.
 * @returns the model itself when it is in that set or a later one
 */
export function upgrade(model: Model): Model {
  const from = model.opsets.get("") ?? OPSET;
  if (from >= OPSET) return model;
  const upgraded = copyModel(model);
  upgraded.nodes = [];
  upgraded.opsets.set("", OPSET);
  const graph = new GraphBuilder(upgraded, "upgrade/");
  for (const value of model.nodes.flatMap(({ outputs }) => outputs)) graph.reserve(value);
  for (const node of model.nodes) {
    const change = node.domain === "" ? changes.get(node.op) : undefined;
    if (change && from < change.since) change.rewrite(graph, node);
    else upgraded.nodes.push(node);
  }
  return upgraded;
}
