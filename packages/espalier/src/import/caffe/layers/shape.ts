import { ints } from "../../../onnx/attributes.ts";
import { sizeOf } from "../../../onnx/tensor.ts";
import { BATCH, numbers, type Shape, type Size, sampleSize } from "../blob.ts";
import {
  FlattenParameterSchema,
  PermuteParameterSchema,
  ReshapeParameterSchema,
  TileParameterSchema,
} from "../caffe_pb.ts";
import type { LayerBuild, LayerRule } from "../layer-build.ts";

/** A shape as Reshape takes it: -1 for the batch. */
export function targetOf(shape: Shape): number[] {
  return shape.map((size) => (size === BATCH ? -1 : size));
}

/** All axes from one to another as one axis. */
const flatten: LayerRule = (layer) => {
  const param = layer.defaults(FlattenParameterSchema, layer.param.flattenParam);
  const { value, shape } = layer.bottom;
  const from = layer.axis(param.axis, shape);
  const to = layer.axis(param.endAxis, shape);
  const flattened = numbers(shape.slice(from, to + 1));
  if (!flattened) throw layer.error("takes the samples of a batch together, and a batch has no fixed size here");
  const result = [...shape.slice(0, from), sizeOf(flattened), ...shape.slice(to + 1)];
  if (from === 1 && to === shape.length - 1) return layer.finish("Flatten", [value], {}, result);
  layer.finish("Reshape", [value, layer.graph.ints(targetOf(result))], {}, result);
};

/** Other axes for the same numbers: 0 copies an axis, -1 takes what is left. */
const reshape: LayerRule = (layer) => {
  const param = layer.defaults(ReshapeParameterSchema, layer.param.reshapeParam);
  const { value, shape } = layer.bottom;
  const from = param.axis < 0 ? param.axis + shape.length + 1 : param.axis;
  const to = param.numAxes === -1 ? shape.length : from + param.numAxes;
  if (!(from >= 0 && to >= from && to <= shape.length))
    throw layer.error(`reshapes axes ${from} to ${to} of ${shape.length}`);
  const wanted = (param.shape?.dim ?? []).map((dim, i) => (dim === 0n ? (shape[from + i] ?? 0) : Number(dim)));
  const result = settled(layer, [...shape.slice(0, from), ...wanted, ...shape.slice(to)], shape);
  layer.finish("Reshape", [value, layer.graph.ints(targetOf(result))], {}, result);
};

/** The shape with its -1 replaced, and its first axis as the batch where that is what it holds. */
function settled(layer: LayerBuild, wanted: readonly Size[], from: Shape): Shape {
  const size = sampleSize(from);
  const [first, ...others] = wanted;
  const rest = sampleSize(others);
  const isBatch = !wanted.includes(BATCH) && (first === layer.net.batch || (first === -1 && rest === size));
  const open: Shape = isBatch ? [BATCH, ...others] : wanted;
  const left = size / sampleSize(open.filter((dim) => dim !== -1));
  const result: Shape = open.map((dim) => (dim === -1 ? left : dim));
  if (!result.includes(BATCH) || sampleSize(result) !== size)
    throw layer.error(`cannot give a blob of [${from}] the shape [${wanted}] and leave the size of the batch open`);
  return layer.checked(result);
}

/** Axes in another order. */
const permute: LayerRule = (layer) => {
  const { order } = layer.defaults(PermuteParameterSchema, layer.param.permuteParam);
  const { value, shape } = layer.bottom;
  const axes = shape.map((_, axis) => axis);
  const all = [...order, ...axes.filter((axis) => !order.includes(axis))];
  if (all.length !== shape.length || all.some((axis) => axis >= shape.length) || new Set(all).size !== all.length)
    throw layer.error(`has the order ${order.join(", ")} for a blob of ${shape.length} axes`);
  const result = all.map((axis) => shape[axis]);
  layer.finish("Transpose", [value], { perm: ints(all) }, result);
};

/** Copies behind one another along an axis. */
const tile: LayerRule = (layer) => {
  const param = layer.defaults(TileParameterSchema, layer.param.tileParam);
  const { value, shape } = layer.bottom;
  const axis = layer.axis(param.axis, shape);
  const length = shape[axis];
  if (typeof length !== "number") throw layer.error("repeats batches, and a batch has no fixed size here");
  const repeats = shape.map((_, i) => (i === axis ? param.tiles : 1));
  layer.finish("Tile", [value, layer.graph.ints(repeats)], {}, shape.with(axis, length * param.tiles));
};

export const shapeRules = { Flatten: flatten, Reshape: reshape, Permute: permute, Tile: tile };
