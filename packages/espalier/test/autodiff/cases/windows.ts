import fc from "fast-check";
import { type Attributes, ints, string } from "../../../src/onnx/attributes.ts";

export interface Window {
  readonly size: readonly number[];
  readonly attributes: Attributes;
  readonly kernel: readonly number[];
}

/** Kernel, strides, padding and dilation over one or two axes that the kernel fits into. */
export const windows = (options: { dilate: boolean; most: number; least?: number }): fc.Arbitrary<Window> =>
  fc.integer({ min: options.least ?? 1, max: 2 }).chain((rank) => {
    const list = (min: number, max: number) => fc.array(fc.integer({ min, max }), { minLength: rank, maxLength: rank });
    return fc
      .record({
        kernel: list(1, options.most),
        strides: list(1, 3),
        dilations: options.dilate ? list(1, 2) : fc.constant(Array(rank).fill(1)),
        before: list(0, 1),
        after: list(0, 1),
        extra: list(0, 4),
        auto: fc.constantFrom("NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"),
      })
      .map(({ kernel, strides, dilations, before, after, extra, auto }) => {
        const reach = kernel.map((size, i) => (size - 1) * dilations[i] + 1);
        // Padding must be smaller than the kernel, or a window would see nothing else.
        const low = before.map((pad, i) => Math.min(pad, kernel[i] - 1));
        const high = after.map((pad, i) => Math.min(pad, kernel[i] - 1));
        // The runtime refuses automatic padding with dilation, and with strides that leave elements out.
        const automatic =
          auto !== "NOTSET" && dilations.every((d) => d === 1) && strides.every((by, i) => by <= kernel[i]);
        const named: Attributes = !automatic ? { pads: ints([...low, ...high]) } : { auto_pad: string(auto) };
        const dilated: Attributes = options.dilate ? { dilations: ints(dilations) } : {};
        return {
          kernel,
          size: reach.map((r, i) => r + extra[i]),
          attributes: { kernel_shape: ints(kernel), strides: ints(strides), ...dilated, ...named },
        };
      });
  });
