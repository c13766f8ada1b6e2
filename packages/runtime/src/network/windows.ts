import { ints, oneOf } from "./attributes.ts";
import type { Planning } from "./operator.ts";
import { checkMade } from "./operators/shapes.ts";

/** How windows lie over the axes of an image behind samples and channels: one number for each. */
export interface Windows {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Before the first place of an axis. */
  readonly begin: readonly number[];
  /** After the last. */
  readonly end: readonly number[];
  readonly input: readonly number[];
  readonly output: readonly number[];
}

/** What a convolution or pooling reads of how its windows lie. */
export const WINDOW_ATTRIBUTES = {
  auto_pad: oneOf("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"),
  kernel_shape: ints(),
  strides: ints(),
  pads: ints(),
  dilations: ints(),
};

export interface WindowAttributes {
  readonly auto_pad: "NOTSET" | "SAME_UPPER" | "SAME_LOWER" | "VALID";
  readonly strides?: readonly number[];
  readonly pads?: readonly number[];
  readonly dilations?: readonly number[];
}

/** What checks need of a node. */
type Refusing = Pick<Planning, "wrong" | "refuse">;

/** A number for each axis, at least `least`, which is also meant where none are given. */
export function listOf(
  context: Refusing,
  given: readonly number[] | undefined,
  least: number,
  count: number,
): readonly number[] {
  const values = given ?? Array<number>(count).fill(least);
  if (values.length !== count || values.some((value) => value < least)) {
    context.wrong(`has windows of [${values}], and takes ${count} numbers of at least ${least}`);
  }
  return values;
}

/**
 * Reads the windows of a convolution or pooling over [batch, channels, ...places].
 * @param up true if a last window may reach past the end (ceil_mode)
 */
export function windowsOf(
  context: Refusing,
  attributes: WindowAttributes,
  dims: readonly number[],
  size: readonly number[],
  up = false,
): Windows {
  const axes = dims.length - 2;
  if (axes < 1) context.wrong(`reads [${dims}], which has no axis beside samples and channels`);
  if (axes > 3) context.refuse(`works over ${axes} axes`);
  const kernel = listOf(context, size, 1, axes);
  const strides = listOf(context, attributes.strides, 1, axes);
  const dilations = listOf(context, attributes.dilations, 1, axes);
  const input = dims.slice(2);
  const automatic = attributes.auto_pad;
  const pads = listOf(context, automatic === "NOTSET" ? attributes.pads : undefined, 0, 2 * axes);
  const [begin, end] = [pads.slice(0, axes), pads.slice(axes)];
  const output = input.map((length, axis) => {
    const reach = (kernel[axis] - 1) * dilations[axis] + 1;
    if (automatic === "SAME_UPPER" || automatic === "SAME_LOWER") {
      const wanted = Math.ceil(length / strides[axis]);
      const missing = Math.max(0, (wanted - 1) * strides[axis] + reach - length);
      begin[axis] = automatic === "SAME_LOWER" ? Math.ceil(missing / 2) : Math.floor(missing / 2);
      end[axis] = missing - begin[axis];
    }
    const padded = length + begin[axis] + end[axis];
    const steps = (padded - reach) / strides[axis];
    const all = (up ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // A last window must begin inside the image or the padding before it.
    const count = up && (all - 1) * strides[axis] >= length + begin[axis] ? all - 1 : all;
    if (count < 1) context.wrong(`has windows of ${reach} over ${padded} elements`);
    return count;
  });
  checkMade(context, output);
  checkMade(context, kernel);
  return { kernel, strides, dilations, begin, end, input, output };
}

/** The same windows over so many axes: those that are missing come first, of one place. */
export function led(windows: Windows, axes: number): Windows {
  const lead = (values: readonly number[], absent: number) => [
    ...Array<number>(axes - values.length).fill(absent),
    ...values,
  ];
  return {
    kernel: lead(windows.kernel, 1),
    strides: lead(windows.strides, 1),
    dilations: lead(windows.dilations, 1),
    begin: lead(windows.begin, 0),
    end: lead(windows.end, 0),
    input: lead(windows.input, 1),
    output: lead(windows.output, 1),
  };
}
