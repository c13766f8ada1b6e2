import { type Attributes, attribute, int, ints } from "../onnx/attributes.ts";
import type { RuleContext } from "./rule.ts";

/** The largest tensor of unfolded windows that a step may hold for speed: 64 MB of float32. */
export const UNFOLDED_LIMIT = 2 ** 24;

/** How the windows of a convolution or pooling lie on their input, axis by axis. */
export interface Windows {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding before and after, as it was applied, automatic padding included. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Sizes of the input and the output. */
  readonly input: readonly number[];
  readonly output: readonly number[];
}

/** Reads the window attributes that Conv, MaxPool and AveragePool share. */
export function windowsOf({ node, inputs, outputs, shape }: RuleContext, kernel: readonly number[]): Windows {
  const input = shape(inputs[0]).slice(2);
  const output = shape(outputs[0]).slice(2);
  const ones = input.map(() => 1);
  const strides = attribute(node, "ints", "strides", ones);
  const dilations = attribute(node, "ints", "dilations", ones);
  const pads = attribute(
    node,
    "ints",
    "pads",
    [...input, ...input].map(() => 0),
  );
  const automatic = attribute(node, "string", "auto_pad", "NOTSET");
  const rank = input.length;
  if (automatic === "NOTSET" || automatic === "VALID") {
    const used = automatic === "VALID" ? pads.map(() => 0) : pads;
    return { kernel, strides, dilations, before: used.slice(0, rank), after: used.slice(rank), input, output };
  }
  // SAME_UPPER puts the odd element after, SAME_LOWER before (ONNX, Conv: auto_pad).
  const total = input.map((size, i) =>
    Math.max(0, (output[i] - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 - size),
  );
  const small = total.map((pad) => Math.floor(pad / 2));
  const large = total.map((pad) => Math.ceil(pad / 2));
  const [before, after] = automatic === "SAME_UPPER" ? [small, large] : [large, small];
  return { kernel, strides, dilations, before, after, input, output };
}

/**
 * The windows of the Conv that a ConvTranspose is the reverse of, which lie on its output. Its padding follows from
 * the sizes where output_shape or auto_pad sets them; the odd element is then before, but for SAME_UPPER after.
 */
export function windowsOfTransposed({ node, inputs, outputs, shape }: RuleContext): Windows {
  const kernel = shape(inputs[1]).slice(2);
  const input = shape(outputs[0]).slice(2);
  const output = shape(inputs[0]).slice(2);
  const ones = kernel.map(() => 1);
  const strides = attribute(node, "ints", "strides", ones);
  const dilations = attribute(node, "ints", "dilations", ones);
  const sizes = { kernel, strides, dilations, input, output };
  const automatic = attribute(node, "string", "auto_pad", "NOTSET");
  const shaped = attribute(node, "ints", "output_shape", undefined);
  if ((automatic === "NOTSET" && !shaped) || automatic === "VALID") {
    const rank = kernel.length;
    const none = [...kernel, ...kernel].map(() => 0);
    const pads = automatic === "VALID" ? none : attribute(node, "ints", "pads", none);
    return { ...sizes, before: pads.slice(0, rank), after: pads.slice(rank) };
  }
  const extra = attribute(
    node,
    "ints",
    "output_padding",
    kernel.map(() => 0),
  );
  const total = kernel.map((size, i) =>
    Math.max(0, (output[i] - 1) * strides[i] + extra[i] + (size - 1) * dilations[i] + 1 - input[i]),
  );
  const small = total.map((pad) => Math.floor(pad / 2));
  const large = total.map((pad) => Math.ceil(pad / 2));
  return automatic === "SAME_UPPER"
    ? { ...sizes, before: small, after: large }
    : { ...sizes, before: large, after: small };
}

/**
 * How many elements at the end of each padded axis no window reaches; negative where the last window hangs over, as
 * pooling with ceil_mode lets it.
 */
export function unreached({ kernel, strides, dilations, before, after, input, output }: Windows): number[] {
  return input.map(
    (size, i) => size + before[i] + after[i] - ((output[i] - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1),
  );
}

/** The attributes of a Conv with these windows. */
export function convAttributes({ kernel, strides, dilations, before, after }: Windows, group: number): Attributes {
  return {
    kernel_shape: ints(kernel),
    strides: ints(strides),
    dilations: ints(dilations),
    pads: ints([...before, ...after]),
    group: int(group),
  };
}

/** The attributes of the ConvTranspose that goes back from the output's size to the input's. */
export function transposedAttributes(windows: Windows, group: number): Attributes {
  // What the last window does not reach is made up by output padding.
  return { ...convAttributes(windows, group), output_padding: ints(unreached(windows)) };
}
