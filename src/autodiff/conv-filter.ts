import { int, ints } from "../onnx/attributes.ts";
import { float32, sizeOf } from "../onnx/tensor.ts";
import type { RuleContext } from "./rule.ts";
import { convAttributes, UNFOLDED_LIMIT, unreached, type Windows } from "./window.ts";

/**
 * d(loss)/dW of a convolution: at each offset of the kernel, the correlation of the input with the gradient.
 * The same sum has several forms, whose speed depends on the shape; `npm run bench -- filter-gradient` times them.
 */
export function filterGradient(context: RuleContext, windows: Windows, groups: number): string {
  const { inputs, shape } = context;
  const [batch, channels] = shape(inputs[0]);
  const unfolded = batch * channels * sizeOf(windows.kernel) * sizeOf(windows.output);
  return unfolded <= UNFOLDED_LIMIT
    ? unfoldedFilterGradient(context, windows, groups)
    : swappedFilterGradient(context, windows, groups);
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
  const { kernel, strides, dilations, before, after, input, output } = windows;
  const [batch, channels] = shape(inputs[0]);
  const swap = { perm: ints([1, 0, ...input.map((_, axis) => axis + 2)]) };
  // Rows and columns of the input that no window reached would make the result larger than the kernel.
  const rest = unreached(windows);
  const swapped = graph.emit("Conv", [swappedInput(), graph.emit("Transpose", [gradient], swap)], {
    kernel_shape: ints(output),
    strides: ints(dilations),
    dilations: ints(strides),
    pads: ints([...before, ...after.map((pad, i) => Math.max(0, pad - rest[i]))]),
    group: int(groups),
  });
  const axes = kernel.map((_, axis) => axis + 2);
  const cut = graph.emit("Slice", [swapped, graph.ints(kernel.map(() => 0)), graph.ints(kernel), graph.ints(axes)]);
  return graph.emit("Reshape", [graph.emit("Transpose", [cut], swap), graph.ints(shape(inputs[1]))]);

  function swappedInput(): string {
    if (groups === 1) return graph.emit("Transpose", [inputs[0]], swap);
    const inner = channels / groups;
    const split = graph.emit("Reshape", [inputs[0], graph.ints([batch, groups, inner, ...input])]);
    const moved = graph.emit("Transpose", [split], { perm: ints([2, 1, 0, ...input.map((_, axis) => axis + 3)]) });
    return graph.emit("Reshape", [moved, graph.ints([inner, groups * batch, ...input])]);
  }
}
