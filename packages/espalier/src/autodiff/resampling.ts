import { type Attributes, attribute, float, ints, string } from "../onnx/attributes.ts";
import { float32, integers, type NumericTensor, sizeOf } from "../onnx/tensor.ts";
import { type GradientRule, notCovered, type RuleContext } from "./rule.ts";

/**
 * A linear operator that works axis by axis is, along an axis, a matrix M [size after, size before]: what the operator
 * itself makes of the identity. So no formula of coordinates is written here twice, and the runtime computes the
 * matrices once, when it loads the graph. The gradient is multiplied by each axis's M^T.
 */
function alongAxis({ graph }: RuleContext, gradient: string, dims: readonly number[], axis: number, matrix: string) {
  const [lead, size, behind] = [sizeOf(dims.slice(0, axis)), dims[axis], sizeOf(dims.slice(axis + 1))];
  if (behind === 1) return graph.emit("MatMul", [graph.emit("Reshape", [gradient, graph.ints([lead, size])]), matrix]);
  const stacks = graph.emit("Reshape", [gradient, graph.ints([lead, size, behind])]);
  return graph.emit("MatMul", [graph.emit("Transpose", [matrix], { perm: ints([1, 0]) }), stacks]);
}

/** Goes back along those axes for which there is a matrix. */
function separable(context: RuleContext, matrixOf: (axis: number) => string | undefined): string {
  const { graph, inputs, outputs, gradient, shape } = context;
  const before = shape(inputs[0]);
  const dims = [...shape(outputs[0])];
  let current = gradient;
  for (const axis of before.keys()) {
    const matrix = matrixOf(axis);
    if (matrix === undefined) continue;
    current = alongAxis(context, current, dims, axis, matrix);
    dims[axis] = before[axis];
  }
  return current === gradient ? gradient : graph.emit("Reshape", [current, graph.ints(before)]);
}

function identity({ graph, dtype }: RuleContext, size: number, dims: readonly number[]): string {
  const data = dtype === "float64" ? new Float64Array(size * size) : new Float32Array(size * size);
  for (let i = 0; i < size; i++) data[i * (size + 1)] = 1;
  return graph.constant({ dtype, dims, data });
}

/** Padding with a constant is cut off again; what was padded with copies adds to the elements that were copied. */
const pad: GradientRule = (context) => {
  const { graph, node, inputs, gradient, shape, scalar } = context;
  const rank = shape(inputs[0]).length;
  const mode = attribute(node, "string", "mode", "constant");
  const [before, after] = padsOf(context, rank);
  if (mode === "constant") {
    const back = graph.ints([...before, ...after].map((size) => -size));
    return [graph.emit("Pad", [gradient, back, scalar(0)], { mode: string(mode) })];
  }
  return [
    separable(context, (axis) => {
      if (before[axis] === 0 && after[axis] === 0) return undefined;
      const size = shape(inputs[0])[axis];
      const pads = graph.ints([before[axis], 0, after[axis], 0]);
      return graph.emit("Pad", [identity(context, size, [size, size]), pads], { mode: string(mode) });
    }),
  ];
};

/** What is added at the beginning and the end of each axis; the axes are an input since operator set 18. */
function padsOf({ inputs, constant }: RuleContext, rank: number): readonly [number[], number[]] {
  const [pads, axes] = [1, 3].map((i) => {
    const tensor = inputs[i] ? constant(i) : undefined;
    return tensor && integers(tensor);
  });
  const named = axes?.map((axis) => (axis + rank) % rank) ?? Array.from({ length: rank }, (_, axis) => axis);
  const at = (offset: number) =>
    Array.from({ length: rank }, (_, axis) => {
      const i = named.indexOf(axis);
      return i < 0 ? 0 : (pads?.[offset + i] ?? 0);
    });
  return [at(0), at(named.length)];
}

/** Every mode of interpolation and of coordinates: all are linear, and go axis by axis. */
const resize: GradientRule = (context) => {
  const { graph, node, inputs, outputs, shape } = context;
  if (attribute(node, "string", "keep_aspect_ratio_policy", "stretch") !== "stretch") {
    throw notCovered(node, "a keep_aspect_ratio_policy other than stretch");
  }
  const [before, after] = [shape(inputs[0]), shape(outputs[0])];
  const rank = before.length;
  const axes = attribute(
    node,
    "ints",
    "axes",
    before.map((_, axis) => axis),
  ).map((axis) => (axis + rank) % rank);
  const crops = attribute(node, "string", "coordinate_transformation_mode", "half_pixel") === "tf_crop_and_resize";
  const region = crops ? numbersOf(context, 1) : undefined;
  const scales = numbersOf(context, 2);
  const { axes: _, ...settings } = node.attributes;
  // What lies outside the region has no part in the gradient.
  const attributes: Attributes = { ...settings, extrapolation_value: float(0) };

  return [
    separable(context, (axis) => {
      const i = axes.indexOf(axis);
      const [from, to] = [before[axis], after[axis]];
      if (i < 0 || (!crops && from === to && (scales?.[i] ?? 1) === 1)) return undefined;
      const four = (values: readonly number[]) => graph.constant(float32([values.length], Float32Array.from(values)));
      // The runtime copies what keeps its size, whatever the scale: so a column beside becomes two.
      const size = scales ? [four([1, 1, scales[i], 2])] : ["", graph.ints([from, 1, to, 2])];
      const roi = region ? four([0, 0, region[i], 0, 1, 1, region[axes.length + i], 1]) : "";
      const columns = graph.emit("Resize", [identity(context, from, [from, 1, from, 1]), roi, ...size], attributes);
      const first = graph.emit("Slice", [columns, ...[0, 1, 3].map((value) => graph.ints([value]))]);
      const transposed = graph.emit("Reshape", [first, graph.ints([from, to])]);
      return graph.emit("Transpose", [transposed], { perm: ints([1, 0]) });
    }),
  ];
};

/** The numbers of an input, undefined where it is left out or empty. */
function numbersOf({ inputs, constant }: RuleContext, input: number): number[] | undefined {
  const tensor: NumericTensor | undefined = inputs[input] ? constant(input) : undefined;
  return tensor && tensor.data.length > 0 ? Array.from<number | bigint, number>(tensor.data, Number) : undefined;
}

/** Operators that take the elements of an axis from around them. */
export const resamplingRules: Readonly<Record<string, GradientRule>> = { Pad: pad, Resize: resize };
