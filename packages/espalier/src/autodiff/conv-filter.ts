import { int, ints } from "../onnx/attributes.ts";
import type { GraphBuilder } from "../onnx/builder.ts";
import { float32, sizeOf } from "../onnx/tensor.ts";
import { blockedFilterGradient, suitsBlocks } from "./conv-filter-blocked.ts";
import type { RuleContext } from "./rule.ts";
import { convAttributes, UNFOLDED_LIMIT, unreached, type Windows } from "./window.ts";

/** The channels-last form works along the channels: with fewer than these it is slow. */
const FEW_CHANNELS = 8;
/** From so many offsets of the kernel on, the swapped form is faster than unfolding. */
const LARGE_KERNEL = 25;

/**
 * d(loss)/dW of a convolution: at each offset of the kernel, the correlation of the input with the gradient.
 * The same sum has several forms, whose speed depends on the shape; `npm run bench -- filter-gradient` times them.
 */
export function filterGradient(context: RuleContext, windows: Windows, groups: number): string {
  const { kernel, strides, output } = windows;
  const [batch, channels] = context.shape(context.inputs[0]);
  if (isPointwise(windows) && groups === 1) return pointwiseFilterGradient(context);
  if (groups === 1 && suitsBlocks(context, windows)) return blockedFilterGradient(context, windows);
  if (groups === channels && groups === context.shape(context.inputs[1])[0])
    return singleFilterGradient(context, windows);
  const few = channels / groups < FEW_CHANNELS;
  const unfoldable = few ? sizeOf(kernel) < LARGE_KERNEL : strides.some((stride) => stride > 1);
  const unfolded = batch * channels * sizeOf(kernel) * sizeOf(output);
  if (unfoldable && unfolded <= UNFOLDED_LIMIT) return unfoldedFilterGradient(context, windows, groups);
  return few ? swappedFilterGradient(context, windows, groups) : channelsLastFilterGradient(context, windows, groups);
}

function isPointwise({ kernel, strides, before, after }: Windows): boolean {
  return [...kernel, ...strides].every((size) => size === 1) && [...before, ...after].every((pad) => pad === 0);
}

/**
 * A 1x1 convolution is a product at each place: dW = sum over images of g x^T, or one product over the places of all
 * images, whichever moves less: the partial sums, or both sides put into that order.
 */
function pointwiseFilterGradient({ graph, inputs, gradient, shape }: RuleContext): string {
  const [batch, channels, ...input] = shape(inputs[0]);
  const [filters] = shape(inputs[1]);
  const places = sizeOf(input);
  const as = (value: string, dims: readonly number[]) => graph.emit("Reshape", [value, graph.ints(dims)]);
  const permuted = (value: string, perm: readonly number[]) => graph.emit("Transpose", [value], { perm: ints(perm) });
  const [g, x] = [as(gradient, [batch, filters, places]), as(inputs[0], [batch, channels, places])];
  if (filters * channels < places * (filters + channels)) {
    const products = graph.emit("MatMul", [g, permuted(x, [0, 2, 1])]);
    return as(graph.emit("ReduceSum", [products, graph.ints([0])], { keepdims: int(0) }), shape(inputs[1]));
  }
  const inOrder = (value: string, rows: number) => as(permuted(value, [1, 0, 2]), [rows, batch * places]);
  const product = graph.emit("Gemm", [inOrder(g, filters), inOrder(x, channels)], { transB: int(1) });
  return as(product, shape(inputs[1]));
}

/**
 * One product per image of the gradient [filters, places] with the unfolded input [places, channels * kernel], summed
 * over the batch. The unfolding ("im2col") is itself a convolution, channel by channel, with one-hot kernels: so it
 * knows strides, padding and dilation, and runs at the runtime's speed.
 */
export function unfoldedFilterGradient(context: RuleContext, windows: Windows, groups: number): string {
  const { graph, inputs, gradient, shape } = context;
  const [batch, channels] = shape(inputs[0]);
  const [filters] = shape(inputs[1]);
  const offsets = sizeOf(windows.kernel);
  const places = sizeOf(windows.output);
  const as = (value: string, dims: readonly number[]) => graph.emit("Reshape", [value, graph.ints(dims)]);
  const kernels = graph.constant(oneHotKernels(channels, windows.kernel));
  const unfolded = graph.emit("Conv", [inputs[0], kernels], convAttributes(windows, channels));
  const stacked = groups === 1 ? [] : [groups];
  const columns = as(unfolded, [batch, ...stacked, (channels / groups) * offsets, places]);
  const rank = stacked.length + 3;
  const order = Array.from({ length: rank }, (_, axis) => axis);
  const rows = graph.emit("Transpose", [columns], { perm: ints([...order.slice(0, -2), rank - 1, rank - 2]) });
  const products = graph.emit("MatMul", [as(gradient, [batch, ...stacked, filters / groups, places]), rows]);
  const sum = graph.emit("ReduceSum", [products, graph.ints([0])], { keepdims: int(0) });
  return as(sum, shape(inputs[1]));
}

/**
 * One convolution over three axes: the images, channels last, stand as [1, N, H, W, C], the gradient as the kernel
 * [K, N, H', W', 1], so that the channels are the innermost places and the result is [1, K, kernel, C]. Stride and
 * dilation trade places. Inside it is one product of K rows, kernel * C columns and N H' W' terms, unfolded piece by
 * piece in the cache: as fast as the forward convolution where C is not small, and without memory of its own.
 */
export function channelsLastFilterGradient(context: RuleContext, windows: Windows, groups = 1): string {
  const { graph, inputs, gradient, shape } = context;
  const { kernel, strides, dilations, before, after, input, output } = windows;
  const [batch, channels] = shape(inputs[0]);
  const [filters] = shape(inputs[1]);
  const inner = channels / groups;
  const places = sizeOf(input);
  const as = (value: string, dims: readonly number[]) => graph.emit("Reshape", [value, graph.ints(dims)]);
  const permuted = (value: string, perm: readonly number[]) => graph.emit("Transpose", [value], { perm: ints(perm) });
  // The runtime is quick at moving whole rows and at exchanging two neighbouring axes, and slow at both at once.
  const split = as(inputs[0], [batch, groups, inner * places]);
  const byGroup = as(groups === 1 ? split : permuted(split, [1, 0, 2]), [groups * batch, inner, places]);
  const last = as(permuted(byGroup, [0, 2, 1]), [1, groups * batch, ...input, inner]);
  const byFilter = permuted(as(gradient, [batch, filters, sizeOf(output)]), [1, 0, 2]);
  const kernels = as(byFilter, [filters, batch, ...output, 1]);
  // Rows and columns that no window reached would make the result larger than the kernel.
  const rest = unreached(windows);
  const result = graph.emit("Conv", [last, kernels], {
    kernel_shape: ints([...output, 1]),
    strides: ints([...dilations, 1]),
    dilations: ints([...strides, 1]),
    pads: ints([...before, 0, ...after.map((pad, i) => Math.max(0, pad - rest[i])), 0]),
    group: int(groups),
  });
  const cut = graph.emit("Slice", [
    result,
    graph.ints(kernel.map(() => 0)),
    graph.ints(kernel),
    graph.ints(kernel.map((_, axis) => axis + 2)),
  ]);
  const rows = as(cut, [filters, ...kernel, inner]);
  return permuted(rows, [0, kernel.length + 1, ...kernel.map((_, axis) => axis + 1)]);
}

/** Kernels [channels * offsets, 1, ...kernel] of which each picks one offset of the window in one channel. */
function oneHotKernels(channels: number, kernel: readonly number[]) {
  const offsets = sizeOf(kernel);
  const picks = float32([channels * offsets, 1, ...kernel]);
  for (let i = 0; i < channels * offsets; i++) picks.data[i * offsets + (i % offsets)] = 1;
  return picks;
}

/**
 * A convolution of the input with the gradient as its kernel, batch and channel axes swapped on both sides; stride
 * and dilation trade places. The groups stay groups: [N, G C, ...] is read as [C, G N, ...]. It needs no memory
 * beyond the result.
 */
export function swappedFilterGradient(
  { graph, inputs, gradient, shape }: RuleContext,
  windows: Windows,
  groups = 1,
): string {
  const { input } = windows;
  const [batch, channels] = shape(inputs[0]);
  const swap = { perm: ints([1, 0, ...input.map((_, axis) => axis + 2)]) };
  const cut = correlation(graph, [swappedInput(), graph.emit("Transpose", [gradient], swap)], windows, groups);
  return graph.emit("Reshape", [graph.emit("Transpose", [cut], swap), graph.ints(shape(inputs[1]))]);

  function swappedInput(): string {
    if (groups === 1) return graph.emit("Transpose", [inputs[0]], swap);
    const inner = channels / groups;
    const split = graph.emit("Reshape", [inputs[0], graph.ints([batch, groups, inner, ...input])]);
    const moved = graph.emit("Transpose", [split], { perm: ints([2, 1, 0, ...input.map((_, axis) => axis + 3)]) });
    return graph.emit("Reshape", [moved, graph.ints([inner, groups * batch, ...input])]);
  }
}

/**
 * Where each channel has a filter of its own: each channel of each image is correlated with its own gradient, without
 * anything moved in memory, and the images' sums are added.
 */
export function singleFilterGradient({ graph, inputs, gradient, shape }: RuleContext, windows: Windows): string {
  const [batch, channels, ...input] = shape(inputs[0]);
  const all = batch * channels;
  const as = (value: string, dims: readonly number[]) => graph.emit("Reshape", [value, graph.ints(dims)]);
  const images = as(inputs[0], [1, all, ...input]);
  const kernels = as(as(gradient, [1, all, ...windows.output]), [all, 1, ...windows.output]);
  const sums = as(correlation(graph, [images, kernels], windows, all), [batch, channels * sizeOf(windows.kernel)]);
  return as(graph.emit("ReduceSum", [sums, graph.ints([0])], { keepdims: int(0) }), shape(inputs[1]));
}

/** The convolution of what was the input with what was the output's gradient: stride and dilation trade places. */
function correlation(graph: GraphBuilder, pair: readonly [string, string], windows: Windows, groups: number): string {
  const { kernel, strides, dilations, before, after, output } = windows;
  // Rows and columns of the input that no window reached would make the result larger than the kernel.
  const rest = unreached(windows);
  const result = graph.emit("Conv", pair, {
    kernel_shape: ints(output),
    strides: ints(dilations),
    dilations: ints(strides),
    pads: ints([...before, ...after.map((pad, i) => Math.max(0, pad - rest[i]))]),
    group: int(groups),
  });
  const axes = kernel.map((_, axis) => axis + 2);
  return graph.emit("Slice", [result, graph.ints(kernel.map(() => 0)), graph.ints(kernel), graph.ints(axes)]);
}
