import { attribute, int } from "../onnx/attributes.ts";
import { float32, sizeOf } from "../onnx/tensor.ts";
import type { Facets, Matrices, ShapedUse } from "./facets.ts";
import { permuted } from "./permute.ts";
import { type Axis, range, same, type UnitContext, type UnitLinks } from "./units.ts";

/** Tables with more rows are not fitted: moments of which rows are looked up would be as wide. */
const MOST_ENTRIES = 1024;

/** Looking up a row is a product with a row that is 1 at its place and 0 elsewhere. */
function lookedUp({ node, operand, dims }: ShapedUse): Matrices | undefined {
  const [entries, ...entry] = dims;
  if (operand !== 0 || attribute(node, "int", "axis", 0) !== 0 || entries > MOST_ENTRIES) return undefined;
  const rows = sizeOf(entry);
  return {
    groups: 1,
    rows,
    columns: entries,
    input: node.inputs[1],
    unfold(graph, indices) {
      const flat = graph.emit("Reshape", [indices, graph.ints([1, -1])]);
      const [none, one] = [graph.scalar("float32", 0), graph.scalar("float32", 1)].map((number) =>
        graph.emit("Reshape", [number, graph.ints([1])]),
      );
      const values = graph.emit("Concat", [none, one], { axis: int(0) });
      return graph.emit("OneHot", [flat, graph.ints([entries]), values], { axis: int(-1) });
    },
    matrices: ({ data }) => permuted(data, [entries, rows], [1, 0]),
    weights: (matrices) => float32(dims, permuted(matrices, [rows, entries], [1, 0])),
  };
}

/** Each number of an entry is a unit; of values that are not looked up in weights, the axes beside are what they were. */
function entries({ node, shape, own }: UnitContext): UnitLinks {
  const [table, indices] = node.inputs;
  const [output] = node.outputs;
  const dims = shape(table);
  const given = attribute(node, "int", "axis", 0);
  const axis = given < 0 ? given + dims.length : given;
  const rank = shape(indices).length;
  const beside = range(dims.length).filter((other) => other !== axis);
  const target = (other: number): Axis => ({ value: output, axis: other < axis ? other : other + rank - 1 });
  const passages = range(rank).map((i) => ({
    from: { value: indices, axis: i },
    to: { value: output, axis: axis + i },
  }));
  if (!own(table)) {
    const kept = beside.map((other) => ({ from: { value: table, axis: other }, to: target(other) }));
    return { passages: [...passages, ...kept], constant: same };
  }
  const makes = beside.map((other) => ({ units: target(other), axes: [other], tensorAxis: other }));
  return {
    passages,
    products: [{ initializer: table, view: dims, sides: makes, makes, reads: [] }],
    constant: () => 0,
  };
}

/** A table that is looked up: an embedding. */
export const Gather = {
  weights: [0],
  // Each entry has a scale: no sum mixes it with others.
  layer: { operands: () => [0], data: ({ inputs }) => inputs[1], unitAxis: () => 0 },
  bias: { shape: ({ node, dims }) => (attribute(node, "int", "axis", 0) === 0 ? dims?.slice(1) : undefined) },
  fit: lookedUp,
  units: entries,
  // A row of a table is looked up, not multiplied.
  macs: () => 0,
} as const satisfies Facets;
