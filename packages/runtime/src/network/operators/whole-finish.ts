import { sizeOf } from "../elements.ts";
import { padded } from "../forms.ts";
import type { Planning, Step, Value } from "../operator.ts";
import type { Bytes, Sums } from "./whole-sums.ts";

/** The scales of both factors of sums: one, and one or one for each channel. */
export interface ScalesOf {
  readonly scaleOfA: Value<"float32">;
  readonly scaleOfB: Value<"float32">;
}

/** What sums become bytes by. */
export interface Requantized extends ScalesOf {
  readonly scaleOfY: Value<"float32">;
  readonly zeroOfY: Bytes;
  readonly bias?: Value<"int32"> | undefined;
  /** What else the sums are multiplied by; default 1. */
  readonly alpha?: number;
}

/**
 * Gives sums as bytes: round((sum + bias) a b / y) + zero, with the scales a, b and y.
 * @param dims of the output; default: those of the sums
 */
export function requantized(context: Planning, sums: Sums, given: Requantized): Step {
  const { scaleOfA, scaleOfB, scaleOfY, zeroOfY, bias, alpha = 1 } = given;
  const { channels, inner, at, dims } = sums;
  if ([scaleOfA, scaleOfY, zeroOfY].some((value) => sizeOf(value.dims) !== 1)) context.refuse("has scales of rows");
  checkChannels(context, channels, scaleOfB, bias);
  const { heap, kernels } = context.machine;
  const output = context.at(context.output(zeroOfY.type, dims));
  const signed = zeroOfY.type === "int8" ? 1 : 0;
  const [factors, biases] = [context.scratch(padded(channels)), context.scratch(padded(channels))];
  const [a, b, y] = [scaleOfA, scaleOfB, scaleOfY].map((value) => context.view(value));
  const [zero, shifts] = [context.view(zeroOfY), bias && context.view(bias)];
  const size = channels * inner;
  const count = sizeOf(dims);
  return () => {
    sums.run();
    const [scales, scaleA, scaleY] = [b(), Math.fround(alpha * a()[0]), y()[0]];
    const to = heap.floats(factors, channels);
    for (let c = 0; c < channels; c++) {
      to[c] = Math.fround(scaleA * scales[scales.length === 1 ? 0 : c]) / scaleY;
    }
    const own = shifts?.();
    const plus = heap.int32s(biases, channels).fill(0);
    if (own) for (let c = 0; c < channels; c++) plus[c] = own[own.length === 1 ? 0 : c];
    if (inner === 1) {
      kernels.requantize(count / channels, channels, at, biases, factors, 1, output, zero()[0], signed);
      return;
    }
    for (let start = 0; start < count; start += size) {
      kernels.requantize(channels, inner, at + 4 * start, biases, factors, 0, output + start, zero()[0], signed);
    }
  };
}

/** Gives sums as floats: sum a b + bias. */
export function dequantized(
  context: Planning,
  sums: Sums,
  { scaleOfA, scaleOfB, alpha = 1 }: ScalesOf & { readonly alpha?: number },
  bias: Value<"float32" | "int32"> | undefined,
): Step {
  const { channels, inner, at, dims } = sums;
  if (sizeOf(scaleOfA.dims) !== 1) context.refuse("has scales of rows");
  checkChannels(context, channels, scaleOfB, bias);
  const floor = context.takesRelu() ? 0 : Number.NEGATIVE_INFINITY;
  const { heap, kernels } = context.machine;
  const output = context.at(context.output("float32", dims));
  const [factors, biases] = [context.scratch(padded(channels)), context.scratch(padded(channels))];
  const [a, b, shifts] = [context.view(scaleOfA), context.view(scaleOfB), bias && context.view(bias)];
  const size = channels * inner;
  const count = sizeOf(dims);
  return () => {
    sums.run();
    const [scales, scaleA, own] = [b(), Math.fround(alpha * a()[0]), shifts?.()];
    const [to, plus] = [heap.floats(factors, channels), heap.floats(biases, channels).fill(0)];
    for (let c = 0; c < channels; c++) to[c] = scaleA * scales[scales.length === 1 ? 0 : c];
    if (own) {
      // Whole numbers are biases of the sums.
      const whole = own instanceof Int32Array;
      for (let c = 0; c < channels; c++) plus[c] = own[own.length === 1 ? 0 : c] * (whole ? to[c] : 1);
    }
    if (inner === 1) {
      kernels.scaleSums(count / channels, channels, at, biases, factors, 1, output, floor);
      return;
    }
    for (let start = 0; start < count; start += size) {
      kernels.scaleSums(channels, inner, at + 4 * start, biases, factors, 0, output + 4 * start, floor);
    }
  };
}

function checkChannels(context: Planning, channels: number, scales: Value, bias: Value | undefined): void {
  if (![1, channels].includes(sizeOf(scales.dims))) context.wrong(`scales ${channels} channels by [${scales.dims}]`);
  if (bias && ![1, channels].includes(sizeOf(bias.dims))) context.wrong(`adds [${bias.dims}] to ${channels} channels`);
}
