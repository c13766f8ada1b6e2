import type { PlanContext } from "./operator.ts";
import { UnsupportedError } from "./unsupported.ts";

/** How windows lie over the two axes of an image: [height, width] of each. */
export interface Windows {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Before the first row and column. */
  readonly begin: readonly [number, number];
  /** After the last. */
  readonly end: readonly [number, number];
  readonly input: readonly [number, number];
  readonly output: readonly [number, number];
}

/** Reads the windows of a convolution or pooling over [batch, channels, height, width], or [batch, channels, length]. */
export function windowsOf({ attribute, node }: PlanContext, dims: readonly number[], size: readonly number[]): Windows {
  const axes = dims.length - 2;
  if (axes !== 1 && axes !== 2) throw new UnsupportedError(`${node.op} over ${axes} axes is not run here.`);
  const pair = (values: readonly number[], missing: number): [number, number] =>
    axes === 1 ? [missing, values[0]] : [values[0], values[1]];
  const list = (name: string, absent: number) => attribute(name, Array<number>(axes).fill(absent));
  const kernel = pair(size, 1);
  const strides = pair(list("strides", 1), 1);
  const dilations = pair(list("dilations", 1), 1);
  const input = pair(dims.slice(2), 1);
  const pads = attribute("pads", Array<number>(2 * axes).fill(0));
  const begin = pair(pads.slice(0, axes), 0);
  const end = pair(pads.slice(axes), 0);
  const automatic = attribute("auto_pad", "NOTSET");
  const reach = [0, 1].map((axis) => (kernel[axis] - 1) * dilations[axis] + 1);
  if (automatic.startsWith("SAME")) {
    for (const axis of [0, 1]) {
      const wanted = Math.ceil(input[axis] / strides[axis]);
      const missing = Math.max(0, (wanted - 1) * strides[axis] + reach[axis] - input[axis]);
      begin[axis] = automatic === "SAME_LOWER" ? Math.ceil(missing / 2) : Math.floor(missing / 2);
      end[axis] = missing - begin[axis];
    }
  }
  const up = attribute("ceil_mode", 0) === 1;
  const output = [0, 1].map((axis) => {
    const steps = (input[axis] + begin[axis] + end[axis] - reach[axis]) / strides[axis];
    const count = (up ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // A last window must begin inside the image or the padding before it.
    return up && (count - 1) * strides[axis] >= input[axis] + begin[axis] ? count - 1 : count;
  });
  return { kernel, strides, dilations, begin, end, input, output: [output[0], output[1]] };
}

/** The shape of an image with other channels, in the rank of `dims`. */
export function imageDims(dims: readonly number[], channels: number, [height, width]: readonly number[]): number[] {
  return dims.length === 3 ? [dims[0], channels, width] : [dims[0], channels, height, width];
}
