import { type Attributes, attribute, int, ints, string } from "../onnx/attributes.ts";
import { int64s, sizeOf } from "../onnx/tensor.ts";
import { type GradientRule, notCovered } from "./rule.ts";
import { scatterRows } from "./scatter.ts";
import { slice } from "./slice.ts";
import { zeros } from "./zeros.ts";

const ADD = { reduction: string("add") };

/**
 * Rows along an axis were read, some several times: their gradients are added to the rows. Seen as
 * [before, rows, behind], the axis goes to the front for that.
 */
const gather: GradientRule = (context) => {
  const { graph, node, inputs, gradient, shape } = context;
  const dims = shape(inputs[0]);
  const axis = (attribute(node, "int", "axis", 0) + dims.length) % dims.length;
  const [before, behind] = [sizeOf(dims.slice(0, axis)), sizeOf(dims.slice(axis + 1))];
  const count = sizeOf(shape(inputs[1]));
  const as = (value: string, to: readonly number[]) => graph.emit("Reshape", [value, graph.ints(to)]);
  const swapped = (value: string) =>
    before === 1 ? value : graph.emit("Transpose", [value], { perm: ints([1, 0, 2]) });
  const indices = as(graph.emit("Cast", [inputs[1]], { to: int(7) }), [count, 1]);
  const apart = as(gradient, [before, count, behind]);
  const rows = as(swapped(apart), [count, before * behind]);
  const sum = scatterRows(context, indices, rows, [count, dims[axis], before * behind]);
  return [as(swapped(as(sum, [dims[axis], before, behind])), dims)];
};

const gatherElements: GradientRule = (context) => {
  const { graph, node, inputs, gradient, shape } = context;
  const axis = int(attribute(node, "int", "axis", 0));
  const into = zeros(context, shape(inputs[0]));
  return [graph.emit("ScatterElements", [into, inputs[1], gradient], { axis, ...ADD })];
};

/** An index counts the leading axes of data; with batch_dims it is completed by where it stands in the batch. */
const gatherND: GradientRule = (context) => {
  const { graph, math, node, inputs, gradient, shape } = context;
  const batchDims = attribute(node, "int", "batch_dims", 0);
  const dims = shape(inputs[0]);
  const places = shape(inputs[1]).slice(0, -1);
  const depth = batchDims + (shape(inputs[1]).at(-1) ?? 0);
  const count = sizeOf(places);
  const [height, width] = [sizeOf(dims.slice(0, depth)), sizeOf(dims.slice(depth))];
  // The index of a row in the flattened axes: coordinates, from either end, times the rows that one step passes.
  const sizes = dims.slice(batchDims, depth);
  const strides = sizes.map((_, i) => sizeOf(sizes.slice(i + 1)));
  const coordinates = graph.emit("Mod", [inputs[1], graph.ints(sizes)]);
  const inBatch = graph.emit("ReduceSum", [math.mul(coordinates, graph.ints(strides)), graph.ints([-1])]);
  const as = (value: string, to: readonly number[]) => graph.emit("Reshape", [value, graph.ints(to)]);
  const perBatch = count / sizeOf(places.slice(0, batchDims));
  const before = int64s(Array.from({ length: count }, (_, i) => Math.floor(i / perBatch) * sizeOf(sizes)));
  const at = math.add(as(inBatch, [count, 1]), graph.constant({ ...before, dims: [count, 1] }));
  return [as(scatterRows(context, at, as(gradient, [count, width]), [count, height, width]), dims)];
};

/**
 * data with updates written, or added, at indices. What is written takes the place of the data, whose gradient is
 * zero there. Where two updates are written to one place, the definition leaves open which stays.
 */
function scattering(gathering: "GatherElements" | "GatherND"): GradientRule {
  return (context) => {
    const { graph, node, inputs, gradient, shape, wants } = context;
    const reduction = attribute(node, "string", "reduction", "none");
    if (reduction !== "none" && reduction !== "add") throw notCovered(node, `the reduction "${reduction}"`);
    const [, indices, updates] = inputs;
    const along: Attributes = node.op === "ScatterElements" ? { axis: int(attribute(node, "int", "axis", 0)) } : {};
    const cleared = () => graph.emit(node.op, [gradient, indices, zeros(context, shape(updates))], along);
    return [
      wants(0) ? (reduction === "add" ? gradient : cleared()) : undefined,
      undefined,
      wants(2) ? graph.emit(gathering, [gradient, indices], along) : undefined,
    ];
  };
}

/** The values' gradients go to where they were found. */
const topK: GradientRule = (context) => {
  const { graph, node, inputs, outputs, gradients, shape } = context;
  const axis = int(attribute(node, "int", "axis", -1));
  const [g] = gradients;
  if (g === undefined) return [];
  return [graph.emit("ScatterElements", [zeros(context, shape(inputs[0])), outputs[1], g], { axis, ...ADD })];
};

/** Operators that read or write elements at places. */
export const indexingRules: Readonly<Record<string, GradientRule>> = {
  Slice: slice,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  ScatterElements: scattering("GatherElements"),
  ScatterND: scattering("GatherND"),
  TopK: topK,
};
