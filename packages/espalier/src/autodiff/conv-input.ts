import { int, ints } from "../onnx/attributes.ts";
import { float32, sizeOf } from "../onnx/tensor.ts";
import type { RuleContext } from "./rule.ts";
import { transposedAttributes, type Windows } from "./window.ts";

/**
 * d(loss)/dX of a convolution: ConvTranspose(g, W), or the same as a convolution where that is possible: it takes up to
 * half of the time, since the runtime's ConvTranspose adds what it computes to its places one by one, on one thread.
 */
export function convInputGradient(context: RuleContext, windows: Windows, groups: number): string {
  const { graph, inputs, gradient } = context;
  return reversible(windows)
    ? reversedInputGradient(context, windows, groups)
    : graph.emit("ConvTranspose", [gradient, inputs[1]], transposedAttributes(windows, groups));
}

/** The padding that lets a kernel reach the gradient's places from every place of the input. */
function reach({ kernel, dilations }: Windows, pads: readonly number[]): number[] {
  return pads.map((pad, i) => dilations[i] * (kernel[i] - 1) - pad);
}

function reversible(windows: Windows): boolean {
  const pads = [...reach(windows, windows.before), ...reach(windows, windows.after)];
  return windows.strides.every((stride) => stride === 1) && pads.every((pad) => pad >= 0);
}

/** A convolution of the gradient by the kernels reversed, with inputs and outputs exchanged: for strides of 1. */
function reversedInputGradient(context: RuleContext, windows: Windows, groups: number): string {
  const { graph, inputs, gradient, shape } = context;
  const { kernel, dilations, before, after } = windows;
  const [filters, inner] = shape(inputs[1]);
  const offsets = sizeOf(kernel);
  const as = (value: string, dims: readonly number[]) => graph.emit("Reshape", [value, graph.ints(dims)]);
  // A product with ones on the other diagonal reverses the order of columns, at the speed of products.
  const columns = as(inputs[1], [filters * inner, offsets]);
  const reversed = offsets === 1 ? columns : graph.emit("MatMul", [columns, graph.constant(otherDiagonal(offsets))]);
  const split = as(reversed, [groups, filters / groups, inner, offsets]);
  const exchanged = graph.emit("Transpose", [split], { perm: ints([0, 2, 1, 3]) });
  return graph.emit("Conv", [gradient, as(exchanged, [groups * inner, filters / groups, ...kernel])], {
    kernel_shape: ints(kernel),
    strides: ints(kernel.map(() => 1)),
    dilations: ints(dilations),
    pads: ints([...reach(windows, before), ...reach(windows, after)]),
    group: int(groups),
  });
}

function otherDiagonal(size: number) {
  const matrix = float32([size, size]);
  for (let i = 0; i < size; i++) matrix.data[i * size + size - 1 - i] = 1;
  return matrix;
}
