import { UserError } from "../../errors.ts";
import { type Attributes, float, int, ints } from "../attributes.ts";
import type { GraphBuilder } from "../builder.ts";
import { scalar, sizeOf } from "../tensor.ts";
import { constant, type Initializer } from "./initializers.ts";

/** A value in a network under construction; the shape is that of one sample, without the batch. */
export interface Activation {
  readonly value: string;
  readonly shape: readonly number[];
}

/** What a layer is built with. */
export interface LayerContext {
  readonly graph: GraphBuilder;
  readonly seed: number;
  /** For weights whose layer names no initializer of its own. */
  readonly initializer: Initializer;
  /** The layer's own name, or the next free one of a kind: conv1, conv2, ... */
  name(own: string | undefined, kind: string): string;
}

/** Adds its nodes behind a value and gives the value that they end in. */
export type LayerBuilder = (input: Activation, context: LayerContext) => Activation;

interface WeightOptions {
  readonly name?: string;
  /** Default: with biases, zero at first. */
  readonly bias?: boolean;
  readonly initializer?: Initializer;
}

interface WindowOptions {
  readonly name?: string;
  readonly stride?: number;
  readonly pad?: number;
}

interface PoolOptions extends WindowOptions {
  /** Whether a last window that hangs over the edge counts, as in Caffe; default: no. */
  readonly ceil?: boolean;
}

/** A convolution: weights [outputs, inputs / groups, kernel, kernel]. */
export function conv2d(
  outputs: number,
  kernel: number,
  {
    stride = 1,
    pad = 0,
    dilation = 1,
    groups = 1,
    ...options
  }: WeightOptions & WindowOptions & { dilation?: number; groups?: number } = {},
): LayerBuilder {
  return (input, context) => {
    const name = context.name(options.name, "conv");
    const [channels, height, width] = image(input, name);
    if (channels % groups !== 0 || outputs % groups !== 0) {
      throw new UserError(
        `Layer "${name}" cannot split ${channels} inputs and ${outputs} outputs into ${groups} groups.`,
      );
    }
    const reach = dilation * (kernel - 1) + 1;
    const shape = [outputs, windows(height, reach, stride, pad, name), windows(width, reach, stride, pad, name)];
    const parameters = weights(name, [outputs, channels / groups, kernel, kernel], options, context);
    const attributes = {
      kernel_shape: ints([kernel, kernel]),
      strides: ints([stride, stride]),
      pads: ints([pad, pad, pad, pad]),
      dilations: ints([dilation, dilation]),
      group: int(groups),
    };
    return { value: context.graph.emit("Conv", [input.value, ...parameters], attributes, name), shape };
  };
}

/** A fully connected layer: weights [units, inputs]. */
export function dense(units: number, options: WeightOptions = {}): LayerBuilder {
  return (input, context) => {
    const name = context.name(options.name, "fc");
    if (input.shape.length !== 1) {
      throw new UserError(`Layer "${name}" needs a flat input and gets [${input.shape}]: put flatten() before it.`);
    }
    const parameters = weights(name, [units, input.shape[0]], options, context);
    const value = context.graph.emit("Gemm", [input.value, ...parameters], { transB: int(1) }, name);
    return { value, shape: [units] };
  };
}

/** Maximum over windows; the stride is the kernel where none is given. */
export function maxPool(kernel: number, options: PoolOptions = {}): LayerBuilder {
  return pool("MaxPool", kernel, options, {});
}

/** Mean over windows, the padding not counted. */
export function averagePool(kernel: number, options: PoolOptions = {}): LayerBuilder {
  return pool("AveragePool", kernel, options, { count_include_pad: int(0) });
}

function pool(
  op: string,
  kernel: number,
  { stride = kernel, pad = 0, ceil = false, ...options }: PoolOptions,
  extra: Attributes,
): LayerBuilder {
  return (input, context) => {
    const name = context.name(options.name, "pool");
    const [channels, ...sizes] = image(input, name);
    const attributes = {
      kernel_shape: ints([kernel, kernel]),
      strides: ints([stride, stride]),
      pads: ints([pad, pad, pad, pad]),
      ...(ceil ? { ceil_mode: int(1) } : {}),
      ...extra,
    };
    const outputs = sizes.map((size) => windows(size, kernel, stride, pad, name, ceil));
    return { value: context.graph.emit(op, [input.value], attributes, name), shape: [channels, ...outputs] };
  };
}

/** Mean over each whole channel: [channels, height, width] -> [channels]. */
export function globalAveragePool(options: { readonly name?: string } = {}): LayerBuilder {
  return (input, context) => {
    const name = context.name(options.name, "pool");
    const [channels] = image(input, name);
    const pooled = context.graph.emit("GlobalAveragePool", [input.value]);
    return { value: context.graph.emit("Flatten", [pooled], {}, name), shape: [channels] };
  };
}

/** A layer that works on each element alone. */
function elementwise(op: string, kind: string, attributes: Attributes = {}): LayerBuilder {
  return ({ value, shape }, { graph, name }) => ({
    value: graph.emit(op, [value], attributes, name(undefined, kind)),
    shape,
  });
}

/** max(x, 0). */
export const relu = () => elementwise("Relu", "relu");
/** x where it is positive, elsewhere slope x. */
export const leakyRelu = (slope = 0.01) => elementwise("LeakyRelu", "leakyrelu", { alpha: float(slope) });
/** 1 / (1 + exp(-x)). */
export const sigmoid = () => elementwise("Sigmoid", "sigmoid");
/** (exp(x) - exp(-x)) / (exp(x) + exp(-x)). */
export const tanh = () => elementwise("Tanh", "tanh");
/** min(max(x, low), high): clip(0, 6) is Relu6. */
export function clip(low: number, high: number): LayerBuilder {
  return ({ value, shape }, { graph, name }) => {
    const bounds = [low, high].map((bound) => graph.scalar("float32", bound));
    return { value: graph.emit("Clip", [value, ...bounds], {}, name(undefined, "clip")), shape };
  };
}
/** exp(x) over its sum along the last axis: scores become probabilities. */
export const softmax = () => elementwise("Softmax", "softmax", { axis: int(-1) });

/** Drops each unit with the given ratio while training; does nothing otherwise. */
export function dropout(ratio = 0.5, options: { readonly name?: string } = {}): LayerBuilder {
  if (!(ratio >= 0 && ratio < 1))
    throw new UserError(`The dropout ratio ${ratio} is out of range: give 0 up to, not including, 1.`);
  return ({ value, shape }, { graph, name }) => {
    const ratioName = graph.constant(scalar("float32", ratio));
    return { value: graph.emit("Dropout", [value, ratioName], {}, name(options.name, "drop")), shape };
  };
}

/** [a, b, ...] -> [a * b * ...]. */
export function flatten(): LayerBuilder {
  return ({ value, shape }, { graph, name }) => ({
    value: graph.emit("Flatten", [value], {}, name(undefined, "flatten")),
    shape: [sizeOf(shape)],
  });
}

/** Gives a sample another shape of the same size. */
export function reshape(dims: readonly number[]): LayerBuilder {
  return ({ value, shape }, { graph, name }) => {
    if (sizeOf(dims) !== sizeOf(shape))
      throw new UserError(`A sample of [${shape}] cannot be reshaped to [${dims}]: the sizes differ.`);
    return {
      value: graph.emit("Reshape", [value, graph.ints([-1, ...dims])], {}, name(undefined, "reshape")),
      shape: dims,
    };
  };
}

function weights(
  name: string,
  dims: readonly number[],
  { bias = true, initializer }: WeightOptions,
  context: LayerContext,
): string[] {
  const { graph, seed } = context;
  const make = initializer ?? context.initializer;
  const weight = graph.initializer(`${name}.weight`, make(dims, seed, `${name}.weight`));
  return bias ? [weight, graph.initializer(`${name}.bias`, constant(0)([dims[0]], seed, `${name}.bias`))] : [weight];
}

/** The shape of an input that must be [channels, height, width]. */
export function image({ shape }: Activation, name: string): readonly number[] {
  if (shape.length !== 3) {
    throw new UserError(
      `Layer "${name}" needs [channels, height, width] and gets [${shape}]: put it before flatten().`,
    );
  }
  return shape;
}

/** How many windows fit along an axis. */
function windows(size: number, reach: number, stride: number, pad: number, name: string, ceil = false): number {
  const whole = Math.floor((size + 2 * pad - reach) / stride) + 1;
  // One more that hangs over, if it does not begin in the padding behind.
  const more = ceil && (size + 2 * pad - reach) % stride > 0 && whole * stride < size + pad;
  const count = more ? whole + 1 : whole;
  if (!(count >= 1))
    throw new UserError(
      `The kernel of layer "${name}" reaches over ${reach} and its input has ${size}: take a smaller one.`,
    );
  return count;
}
