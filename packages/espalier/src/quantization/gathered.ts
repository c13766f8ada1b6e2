import { attribute, int } from "../onnx/attributes.ts";
import type { GraphBuilder } from "../onnx/builder.ts";
import { codeOf } from "../onnx/dtype.ts";
import { type Model, type Node, removeInitializer } from "../onnx/graph.ts";
import { flattened } from "../onnx/nested.ts";
import { float32 } from "../onnx/tensor.ts";
import type { ScaledTensor } from "../sharing/scaled/scaled.ts";
import { axisOfScales } from "./weights.ts";

/** A table of codes, of which rows are taken before they are numbers: the whole of it would be more in each run. */
export interface Table {
  readonly codes: string;
  /** [rows, 1]. */
  readonly scales: string;
}

/** Returns true for a table that Gather alone reads, row by row, where each row has a scale of its own. */
export function isGathered(model: Model, table: string, scaled: ScaledTensor): boolean {
  const readers = flattened(model).nodes.filter(({ inputs }) => inputs.includes(table));
  const isOuter = (node: Node) => model.nodes.includes(node);
  return (
    scaled.dims.length === 2 &&
    axisOfScales(scaled) === 0 &&
    readers.every((node) => isOuter(node) && takesRows(node, table))
  );
}

/** Returns true for a Gather that takes whole rows of a table. */
export function takesRows(node: Node, table: string): boolean {
  const isGather = node.op === "Gather" && node.domain === "" && node.inputs[0] === table;
  return isGather && attribute(node, "int", "axis", 0) === 0;
}

export function emitTable(graph: GraphBuilder, name: string, { dims, codes, scales }: ScaledTensor): Table {
  removeInitializer(graph.model, name);
  return {
    codes: graph.initializer("", { dtype: "int8", dims, data: Int8Array.from(codes) }),
    scales: graph.initializer("", float32([dims[0], 1], scales)),
  };
}

/** Adds what makes a Gather's output of a table's codes. What takes the codes has the name of the Gather. */
export function emitRows(graph: GraphBuilder, node: Node, { codes, scales }: Table): void {
  const { inputs, outputs } = node;
  const rows = graph.fresh("");
  graph.model.nodes.push({ ...node, inputs: [codes, inputs[1]], outputs: [rows] });
  const own = graph.emit("Gather", [scales, inputs[1]], {}, graph.fresh(""));
  const numbers = graph.emit("Cast", [rows], { to: int(codeOf("float32")) }, graph.fresh(""));
  graph.emit("Mul", [numbers, own], {}, outputs[0]);
}
