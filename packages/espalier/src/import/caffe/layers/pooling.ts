import { type Attributes, int, ints } from "../../../onnx/attributes.ts";
import { BATCH, type Shape } from "../blob.ts";
import {
  PoolingParameter_PoolMethod as Method,
  type PoolingParameter,
  PoolingParameterSchema,
  PoolingParameter_RoundMode as Round,
} from "../caffe_pb.ts";
import type { LayerBuild, LayerRule } from "../layer-build.ts";
import { type Window, windowOf } from "./window.ts";

const pooling: LayerRule = (layer) => {
  const param = layer.defaults(PoolingParameterSchema, layer.param.poolingParam);
  if (param.pool === Method.STOCHASTIC)
    throw layer.error("pools at random (STOCHASTIC), which has no operator in ONNX");
  const { value, channels, size } = layer.image;
  if (param.globalPooling) {
    const op = param.pool === Method.MAX ? "GlobalMaxPool" : "GlobalAveragePool";
    return layer.finish(op, [value], {}, [BATCH, channels, ...size.map(() => 1)]);
  }
  const window = windowOf(layer, size.length, fieldsOf(param));
  if (window.pad.some((p, i) => p >= window.kernel[i])) throw layer.error("pads by its whole kernel_size");
  const axes = size.map((n, i) => placesOf(layer, n, i, window, param.roundMode === Round.FLOOR));
  const shape = layer.checked([BATCH, channels, ...axes.map(({ places }) => places)]);
  const attributes = {
    kernel_shape: ints(window.kernel),
    strides: ints(window.stride),
    pads: ints([...window.pad, ...axes.map(({ end }) => end)]),
  };
  if (param.pool === Method.MAX) return layer.finish("MaxPool", [value], attributes, shape);
  average(layer, size, window, attributes, shape);
};

function fieldsOf(param: PoolingParameter) {
  const { kernelSize, stride, pad } = param;
  return { ...param, kernel: kernelSize > 0 ? [kernelSize] : [], stride: [stride], pad: [pad] };
}

/**
 * How many places a window has along an axis, and the padding at its end that gives it as many where places are
 * rounded down. Caffe rounds up, and where there is padding it leaves out a last window that would begin beyond the
 * image (pooling_layer.cpp).
 */
function placesOf(layer: LayerBuild, size: number, axis: number, { kernel, stride, pad }: Window, floor: boolean) {
  const [k, s, p] = [kernel[axis], stride[axis], pad[axis]];
  let places = (floor ? Math.floor : Math.ceil)((size + 2 * p - k) / s) + 1;
  if (pad.some((one) => one > 0) && (places - 1) * s >= size + p) places--;
  const begin = (places - 1) * s - p;
  if (begin >= size) throw layer.error(`has a last window that begins at ${begin} of ${size}: there is nothing in it`);
  const fits = Math.floor((size + 2 * p - k) / s) + 1 === places;
  return { places, end: fits ? p : Math.max(0, begin + k - size) };
}

/** Caffe's mean counts the zeros of the padding, but not what lies beyond it. */
function average(
  layer: LayerBuild,
  size: readonly number[],
  { kernel, stride, pad }: Window,
  attributes: Attributes,
  shape: Shape,
): void {
  const { value } = layer.image;
  const padded = pad.some((p) => p > 0);
  const pool = { ...attributes, count_include_pad: int(padded ? 1 : 0) };
  const counts = kernel.map((k, i) =>
    Array.from({ length: Number(shape[i + 2]) }, (_, place) => {
      const begin = place * stride[i] - pad[i];
      return Math.min(begin + k, size[i] + pad[i]) - begin;
    }),
  );
  const factors = counts.map((counted, i) => counted.map((count) => kernel[i] / count));
  // Without padding, what ONNX counts is what lies in the image.
  if (!padded || factors.flat().every((factor) => factor === 1)) {
    layer.finish("AveragePool", [value], pool, shape);
    return;
  }
  const constants = factors.map((factor, i) =>
    layer.constant(
      kernel.map((_, axis) => (axis === i ? factor.length : 1)),
      factor,
    ),
  );
  const last = constants.pop() ?? "";
  const mean = layer.emit("AveragePool", [value], pool);
  layer.finish(
    "Mul",
    [constants.reduce((current, factor) => layer.emit("Mul", [current, factor]), mean), last],
    {},
    shape,
  );
}

export const poolingRules = { Pooling: pooling };
