import { isFieldSet } from "@bufbuild/protobuf";
import { int } from "../../../onnx/attributes.ts";
import { numbers } from "../blob.ts";
import { CropParameterSchema, SliceParameterSchema } from "../caffe_pb.ts";
import type { LayerRule } from "../layer-build.ts";

/** Parts of a blob along an axis, between the given points or all of one size. */
const slice: LayerRule = (layer) => {
  const param = layer.defaults(SliceParameterSchema, layer.param.sliceParam);
  const [{ value, shape }] = layer.reads(1);
  const axis = layer.axis(isFieldSet(param, SliceParameterSchema.field.sliceDim) ? param.sliceDim : param.axis, shape);
  const length = shape[axis];
  if (typeof length !== "number") throw layer.error("takes batches apart, and a batch has no fixed size here");
  const parts = layer.tops.length;
  const equal = Array.from({ length: parts - 1 }, (_, i) => ((i + 1) * length) / parts);
  const points = param.slicePoint.length > 0 ? param.slicePoint : equal;
  const sizes = [...points, length].map((end, i) => end - (points[i - 1] ?? 0));
  if (sizes.length !== parts || sizes.some((size) => size < 1 || !Number.isInteger(size)))
    throw layer.error(`cannot cut ${length} into ${parts} parts at ${points.join(", ")}`);
  const shapes = sizes.map((size) => shape.with(axis, size));
  layer.finish("Split", [value, layer.graph.ints(sizes)], { axis: int(axis) }, ...shapes);
};

/** The same blob under several names. */
const split: LayerRule = (layer) => {
  const [blob] = layer.reads(1);
  for (const _ of layer.tops) layer.pass(blob);
};

/** A part of the first blob as large as the second, from the given offsets on: one for all axes or one for each. */
const crop: LayerRule = (layer) => {
  const param = layer.defaults(CropParameterSchema, layer.param.cropParam);
  const [{ value, shape }, like] = layer.reads(2);
  const axis = layer.axis(param.axis, shape);
  const [from, to] = [shape, like.shape].map((one) => numbers(one.slice(axis)));
  if (!from || !to) throw layer.error("crops batches, and a batch has no fixed size here");
  const { offset } = param;
  if (from.length !== to.length || ![0, 1, from.length].includes(offset.length))
    throw layer.error(`has ${offset.length} offsets to crop [${shape}] like [${like.shape}]`);
  const starts = from.map((_, i) => offset[offset.length === 1 ? 0 : i] ?? 0);
  const ends = starts.map((start, i) => start + to[i]);
  if (ends.some((end, i) => end > from[i]))
    throw layer.error(`crops [${shape}] to [${to}] from ${starts.join(", ")}, past its end`);
  const bounds = [starts, ends, from.map((_, i) => axis + i)].map((list) => layer.graph.ints(list));
  layer.finish("Slice", [value, ...bounds], {}, [...shape.slice(0, axis), ...to]);
};

export const splitRules = { Slice: slice, Split: split, Crop: crop };
