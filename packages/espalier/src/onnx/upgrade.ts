import { type Attribute, type Attributes, attribute, int, string } from "./attributes.ts";
import { GraphBuilder } from "./builder.ts";
import { constantOf, copyModel, type Model, type Node, OPSET } from "./graph.ts";
import { mapSubgraphs } from "./rename.ts";
import { float32, scalar } from "./tensor.ts";

/** Rewrites one node of an older operator set; it adds what takes the node's place. */
type Rewrite = (graph: GraphBuilder, node: Node) => void;

/** An operator's change: nodes of an operator set before `since` are rewritten. */
interface Change {
  readonly since: number;
  readonly rewrite: Rewrite;
}

/** Attributes that became inputs, in the order of those inputs. */
type Moves = readonly string[];

const without = (attributes: Attributes, ...names: string[]): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));

const move =
  (moves: Moves): Rewrite =>
  (graph, node) => {
    const added = moves.map((name) => asInput(graph, node.attributes[name]));
    while (added.at(-1) === "") added.pop();
    const attributes = without(node.attributes, ...moves);
    graph.model.nodes.push({ ...node, attributes, inputs: [...node.inputs, ...added] });
  };

/** The constant that stands for a number or a list of numbers; "" for an attribute left out. */
function asInput(graph: GraphBuilder, found: Attribute | undefined): string {
  if (found?.kind === "int") return graph.ints([found.value]);
  if (found?.kind === "ints") return graph.ints(found.value);
  if (found?.kind === "float") return graph.constant(scalar("float32", found.value));
  if (found?.kind === "floats") return graph.constant(float32([found.value.length], Float32Array.from(found.value)));
  return "";
}

const axes = move(["axes"]);

/** Before 13 these worked on the input flattened into a matrix at the axis, which was 1 by default. */
const flattened: Rewrite = (graph, node) => {
  const attributes: Attributes = { ...node.attributes, axis: int(1) };
  const axis = attribute(node, "int", "axis", 1);
  const matrix = graph.emit("Flatten", [node.inputs[0]], { axis: int(axis) });
  const result = graph.emit(node.op, [matrix], attributes);
  graph.emit("Reshape", [result, graph.emit("Shape", [node.inputs[0]])], {}, node.outputs[0]);
};

/** Split's sizes became an input in 13, and since 18 equal parts are to be counted. */
const split: Rewrite = (graph, node) => {
  const sizes = node.inputs[1] || asInput(graph, node.attributes.split);
  const attributes = without(node.attributes, "split");
  graph.model.nodes.push(
    sizes
      ? { ...node, attributes, inputs: [node.inputs[0], sizes] }
      : { ...node, attributes: { ...attributes, num_outputs: int(node.outputs.length) } },
  );
};

/**
 * Upsample, and Resize before 11: places scale without an offset, and the nearest is the one before, or the one after
 * where the result is smaller (ONNX Runtime's reading of a definition that left it open).
 */
const resize: Rewrite = (graph, node) => {
  const scales = node.inputs[1] || asInput(graph, node.attributes.scales);
  const shrinks = constantOf(graph.model, scales)?.data.some((scale) => scale < 1) ?? false;
  const attributes: Attributes = {
    ...without(node.attributes, "scales"),
    coordinate_transformation_mode: string("asymmetric"),
    nearest_mode: string(shrinks ? "ceil" : "floor"),
  };
  graph.model.nodes.push({ ...node, op: "Resize", attributes, inputs: [node.inputs[0], "", scales] });
};

const scatter: Rewrite = (graph, node) => graph.model.nodes.push({ ...node, op: "ScatterElements" });

/** Before 9 an attribute said whether the statistics were by channel, which they now always are. */
const batchNormalization: Rewrite = (graph, node) => {
  const byChannel = attribute(node, "int", "spatial", 1) === 1;
  graph.model.nodes.push(byChannel ? { ...node, attributes: without(node.attributes, "spatial") } : node);
};

/** Before 16 places were not shifted by half a pixel. */
const roiAlign: Rewrite = (graph, node) =>
  graph.model.nodes.push({
    ...node,
    attributes: { ...node.attributes, coordinate_transformation_mode: string("output_half_pixel") },
  });

const reductions = ["Mean", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSum", "LogSumExp"];

/** What changed between operator sets 7 and 18 (ONNX changelog), but for what only extended an operator. */
const changes: ReadonlyMap<string, Change> = new Map([
  ["BatchNormalization", { since: 9, rewrite: batchNormalization }],
  ["Clip", { since: 11, rewrite: move(["min", "max"]) }],
  ["Dropout", { since: 12, rewrite: move(["ratio"]) }],
  ["Hardmax", { since: 13, rewrite: flattened }],
  ["LogSoftmax", { since: 13, rewrite: flattened }],
  ["Pad", { since: 11, rewrite: move(["pads", "value"]) }],
  ["ReduceSum", { since: 13, rewrite: axes }],
  ["Resize", { since: 11, rewrite: resize }],
  ["RoiAlign", { since: 16, rewrite: roiAlign }],
  ["Scatter", { since: 11, rewrite: scatter }],
  ["Slice", { since: 10, rewrite: move(["starts", "ends", "axes"]) }],
  ["Softmax", { since: 13, rewrite: flattened }],
  ["Split", { since: 18, rewrite: split }],
  ["Squeeze", { since: 13, rewrite: axes }],
  ["TopK", { since: 10, rewrite: move(["k"]) }],
  ["Unsqueeze", { since: 13, rewrite: axes }],
  ["Upsample", { since: 10, rewrite: resize }],
  ...reductions.map((name) => [`Reduce${name}`, { since: 18, rewrite: axes }] as const),
]);

/**
 * Brings a model to the operator set that training works in. Only the graph that is trained is rewritten: what is
 * written to a file keeps the nodes that it was read with.
 * @returns the model itself when it is in that set or a later one
 */
export function upgrade(model: Model): Model {
  const from = model.opsets.get("") ?? OPSET;
  if (from >= OPSET) return model;
  return rewritten(model, from, "upgrade/");
}

function rewritten(model: Model, from: number, prefix: string): Model {
  const upgraded = copyModel(model);
  upgraded.nodes = [];
  upgraded.opsets.set("", OPSET);
  const graph = new GraphBuilder(upgraded, prefix);
  for (const value of model.nodes.flatMap(({ outputs }) => outputs)) graph.reserve(value);
  for (const old of model.nodes) {
    const node = mapSubgraphs(old, (inner) =>
      // A subgraph sees the names around it, so its own must differ from them.
      rewritten({ ...model, residue: undefined, ...inner }, from, `${prefix}${old.outputs[0]}/${inner.name}/`),
    );
    const change = node.domain === "" ? changes.get(node.op) : undefined;
    if (change && from < change.since) change.rewrite(graph, node);
    else upgraded.nodes.push(node);
  }
  return upgraded;
}
