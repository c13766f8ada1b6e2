import { int } from "../onnx/attributes.ts";
import type { GraphBuilder } from "../onnx/builder.ts";
import { codeOf } from "../onnx/dtype.ts";
import { removeInitializer } from "../onnx/graph.ts";
import { float32, type NumericTensor, sizeOf } from "../onnx/tensor.ts";
import type { ScaledTensor } from "../sharing/scaled/scaled.ts";

/** The largest code of eight bits: codes are symmetric about zero. */
export const MOST_INT8 = 127;

/**
 * Puts codes of eight bits and their scales in the place of weights, and a DequantizeLinear that makes the weights of
 * them under their name: with what multiplies by them, it becomes one kernel.
 */
export function emitComputed(graph: GraphBuilder, name: string, scaled: ScaledTensor, isOfGemm: boolean): void {
  const { dims, scales } = scaled;
  const codes = graph.initializer("", codesOf(scaled, dims));
  removeInitializer(graph.model, name);
  const isWhole = scales.length === 1;
  const shape = isWhole ? [] : [scales.length];
  const scale = graph.constant(float32(shape, scales));
  // ONNX Runtime makes QGemm of a Gemm only where zero points are written out.
  const zero = { dtype: "int8", dims: shape, data: new Int8Array(scales.length) } as const;
  const inputs = [codes, scale, ...(isOfGemm ? [graph.constant(zero)] : [])];
  graph.emit("DequantizeLinear", inputs, isWhole ? {} : { axis: int(axisOfScales(scaled) ?? 0) }, name);
}

/**
 * Puts codes of eight bits and their scales in the place of weights that are computed with as float32, and a Cast and a
 * Mul that make them under their name. ONNX Runtime computes these once, when it loads the network, and lays the weights
 * out as its kernels like them; a DequantizeLinear would stay, and be run with each input.
 */
export function emitHeld(graph: GraphBuilder, name: string, scaled: ScaledTensor): void {
  const { dims, scales, inner, codes } = scaled;
  const axis = scales.length === 1 ? 0 : axisOfScales(scaled);
  removeInitializer(graph.model, name);
  // Units along two axes at once, such as the gates of both directions, are one axis in between.
  const shape = axis === undefined ? [codes.length / (scales.length * inner), scales.length, inner] : dims;
  const along = shape.map((_, i) => (i === (axis ?? 1) ? scales.length : 1));
  const numbers = graph.emit(
    "Cast",
    [graph.initializer("", codesOf(scaled, shape))],
    { to: int(codeOf("float32")) },
    graph.fresh(""),
  );
  const factors = graph.constant(float32(along, scales));
  if (axis !== undefined) graph.emit("Mul", [numbers, factors], {}, name);
  else graph.emit("Reshape", [graph.emit("Mul", [numbers, factors], {}, graph.fresh("")), graph.ints(dims)], {}, name);
}

function codesOf({ codes }: ScaledTensor, dims: readonly number[]): NumericTensor {
  return { dtype: "int8", dims, data: Int8Array.from(codes) };
}

/** The axis along which scales lie; undefined where it is none of the tensor's own. */
export function axisOfScales({ dims, inner, scales }: ScaledTensor): number | undefined {
  const axis = dims.findIndex((size, i) => size === scales.length && sizeOf(dims.slice(i + 1)) === inner);
  return axis < 0 ? undefined : axis;
}

/**
 * Codes whose scales leave room for biases: sums of products are 32-bit numbers in units of what a product is, and a
 * bias must be one of them. Where it would not, weights are all but zero beside it.
 * @param scale of what the layer reads
 */
export function withRoom(scaled: ScaledTensor, scale: number, bias: Float32Array): ScaledTensor {
  const least = bias.map((b) => Math.abs(b) / (scale * MOST_BIAS));
  if (scaled.scales.length !== bias.length || scaled.scales.every((own, unit) => own >= least[unit])) return scaled;
  const scales = scaled.scales.map((own, unit) => Math.max(own, least[unit]));
  const codes = scaled.codes.map((code, i) => {
    const unit = Math.floor(i / scaled.inner) % scales.length;
    return Math.round((code * scaled.scales[unit]) / scales[unit]);
  });
  return { ...scaled, scales, codes };
}

const MOST_BIAS = 2 ** 30;
