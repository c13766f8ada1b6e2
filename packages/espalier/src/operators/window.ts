import { attribute } from "../onnx/attributes.ts";
import type { ShapedUse } from "./facets.ts";

/** How the windows of a ConvTranspose lie on its output. */
export interface TransposedWindow {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Elements that are cut from the beginning of each axis of the output. */
  readonly before: readonly number[];
}

/** Reads it from the attributes, automatic padding included (ONNX, ConvTranspose). */
export function transposedWindow({ node, dims, shape }: ShapedUse): TransposedWindow {
  const kernel = dims.slice(2);
  const ones = kernel.map(() => 1);
  const none = kernel.map(() => 0);
  const strides = attribute(node, "ints", "strides", ones);
  const dilations = attribute(node, "ints", "dilations", ones);
  const automatic = attribute(node, "string", "auto_pad", "NOTSET");
  const shaped = node.attributes.output_shape !== undefined;
  if (automatic === "VALID") return { strides, dilations, before: none };
  if (automatic === "NOTSET" && !shaped) {
    const pads = attribute(node, "ints", "pads", [...none, ...none]);
    return { strides, dilations, before: pads.slice(0, kernel.length) };
  }
  const extra = attribute(node, "ints", "output_padding", none);
  const input = shape(node.inputs[0]).slice(2);
  const output = shape(node.outputs[0]).slice(2);
  const before = kernel.map((size, i) => {
    const whole = (input[i] - 1) * strides[i] + extra[i] + (size - 1) * dilations[i] + 1;
    const cut = Math.max(0, whole - output[i]);
    return automatic === "SAME_UPPER" ? Math.floor(cut / 2) : Math.ceil(cut / 2);
  });
  return { strides, dilations, before };
}
