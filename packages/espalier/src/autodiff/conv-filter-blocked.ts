import { ints } from "../onnx/attributes.ts";
import { emitBlocked } from "../onnx/blocked/node.ts";
import { sizeOf } from "../onnx/tensor.ts";
import type { RuleContext } from "./rule.ts";
import { unreached, type Windows } from "./window.ts";

/** A filter of more weights is as fast by the runtime's product, which needs no form of its own. */
const LARGEST_FILTER = 256 * 256 * 9;
/** Fewer places than these, over all images, and reordering costs more than the kernels spare. */
const FEWEST_PLACES = 1024;

/** Returns true where {@link blockedFilterGradient} can be used and is the fastest: by shapes alone. */
export function suitsBlocks({ blockSize, inputs, shape, dtype }: RuleContext, windows: Windows): boolean {
  if (blockSize === undefined || dtype !== "float32" || windows.kernel.length !== 2) return false;
  const [batch, channels] = shape(inputs[0]);
  const [filters] = shape(inputs[1]);
  const whole = [batch, channels, filters].every((count) => count % blockSize === 0);
  const dense = windows.dilations.every((dilation) => dilation === 1);
  const places = batch * sizeOf(windows.output);
  return whole && dense && places >= FEWEST_PLACES && sizeOf(shape(inputs[1])) <= LARGEST_FILTER;
}

/**
 * A convolution by the blocked kernels in which the images of the batch are the channels, so that they lie side by side,
 * and the gradient is the filter. What was a row of an image, its places with the channels of a block in each, is a
 * row of places here: at a dilation of as many places as there are channels in a block, the result has the kernel's
 * offsets, with all of these channels in each, side by side. So many places in a row keep the processor's registers
 * full however few the filters, and nothing is unfolded. Blocks of channels are the images.
 *
 * Both sides come from their own blocks, the gradient by moving rows of a block, the input by exchanging two axes.
 */
export function blockedFilterGradient(context: RuleContext, windows: Windows): string {
  const { graph, inputs, gradient, shape, blockSize: size = 1 } = context;
  const { kernel, strides, before, after, input, output } = windows;
  const [batch, channels] = shape(inputs[0]);
  const [filters] = shape(inputs[1]);
  const [high, wide] = input;
  const as = (value: string, dims: readonly number[]) => graph.emit("Reshape", [value, graph.ints(dims)]);
  const permuted = (value: string, perm: readonly number[]) => graph.emit("Transpose", [value], { perm: ints(perm) });
  const inBlocks = (value: string) => emitBlocked(graph, "ReorderInput", [value]);
  // Rows and columns that no window reached would make the result larger than the kernel.
  const rest = unreached(windows);
  const behind = after.map((pad, i) => Math.max(0, pad - rest[i]));
  const columns = before[1] + wide + behind[1];

  const exchanged = permuted(as(inBlocks(inputs[0]), [batch / size, size, channels * high * wide]), [0, 2, 1]);
  const rows = as(exchanged, [batch / size, channels / size, high, wide * size * size]);
  const byBlock =
    channels === size ? as(rows, [1, batch / size, high, wide * size * size]) : permuted(rows, [1, 0, 2, 3]);
  // The kernels compute places that read padding one by one, so the rows are padded before.
  const pads = [0, 0, 0, before[1] * size * size, 0, 0, 0, behind[1] * size * size];
  const padded = before[1] + behind[1] === 0 ? byBlock : graph.emit("Pad", [byBlock, graph.ints(pads)]);
  const images = as(padded, [channels / size, batch, high, columns * size]);

  const split = as(inBlocks(gradient), [batch / size, size, filters / size, sizeOf(output), size]);
  const kernels = as(permuted(split, [2, 0, 3, 1, 4]), [filters, batch, ...output]);
  const result = emitBlocked(graph, "Conv", [images, kernels], {
    kernel_shape: ints(output),
    dilations: ints([strides[0], strides[1] * size]),
    pads: ints([before[0], 0, behind[0], 0]),
  });

  const found = [high + before[0] + behind[0], columns].map((all, i) => all - (output[i] - 1) * strides[i]);
  const offsets = as(result, [channels / size, filters / size, ...found, size, size]);
  const whole = as(permuted(offsets, [1, 5, 0, 4, 2, 3]), [filters, channels, ...found]);
  if (found.join() === kernel.join()) return whole;
  return graph.emit("Slice", [whole, graph.ints([0, 0]), graph.ints(kernel), graph.ints([2, 3])]);
}
