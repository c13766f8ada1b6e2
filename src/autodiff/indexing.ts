import { type Attributes, attribute, int, ints, string } from "../onnx/attributes.ts";
import { int64s, sizeOf } from "../onnx/tensor.ts";
import { type GradientRule, notCovered, type RuleContext } from "./rule.ts";
import { slice } from "./slice.ts";
import { zeros } from "./zeros.ts";

const ADD = { reduction: string("add") };

/** Adds rows of a gradient to the rows of zeros that int64 indices [..., axes] name. */
function scatterRows(context: RuleContext, indices: string, rows: string, dims: readonly number[]): string {
  return context.graph.emit("ScatterND", [zeros(context, dims), indices, rows], ADD);
}

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
  const rows = as(swapped(apart), [count, before, behind]);
  const sum = scatterRows(context, indices, rows, [dims[axis], before, behind]);
  return [as(swapped(sum), dims)];
};

const gatherElements: GradientRule = (context) => {
  const { graph, node, inputs, gradient, shape } = context;
  const axis = int(attribute(node, "int", "axis", 0));
  const into = zeros(context, shape(inputs[0]));
  return [graph.emit("ScatterElements", [into, inputs[1], gradient], { axis, ...ADD })];
};

/** With batch_dims, an index is completed by where it stands in the batch. */
const gatherND: GradientRule = (context) => {
  const { graph, node, inputs, gradient, shape } = context;
  const batchDims = attribute(node, "int", "batch_dims", 0);
  const dims = shape(inputs[0]);
  if (batchDims === 0) return [scatterRows(context, inputs[1], gradient, dims)];
  const places = shape(inputs[1]).slice(0, -1);
  const inside = sizeOf(places.slice(batchDims));
  const coordinates = Array.from({ length: sizeOf(places) }, (_, place) => {
    let rest = Math.floor(place / inside);
    const found: number[] = [];
    for (const size of places.slice(0, batchDims).toReversed()) {
      found.unshift(rest % size);
      rest = Math.floor(rest / size);
    }
    return found;
  });
  const batch = graph.constant({ ...int64s(coordinates.flat()), dims: [...places, batchDims] });
  const indices = graph.emit("Concat", [batch, inputs[1]], { axis: int(-1) });
  return [scatterRows(context, indices, gradient, dims)];
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
