import type { FidelityMeasure } from "./measure.ts";

/** The mean cosine of vectors, those of the last axis, and what they are to be. */
export const cosine: FidelityMeasure = {
  name: "cosine",
  better: "higher",
  fits: ({ kind, shape }) => kind !== "whole" && (shape[shape.length - 1] ?? 1) > 1,
  suits: ({ kind }) => kind === "values",
  comparison:
    ([{ shape }]) =>
    ([output], [target]) => {
      const length = shape[shape.length - 1];
      const whole = target.length / length;
      let part = 0;
      for (let start = 0; start < target.length; start += length) part += cosineOf(output, target, start, length);
      return { part, whole };
    },
};

/** Of two zero vectors it is 1, of one alone 0. */
function cosineOf(a: Float32Array, b: Float32Array, start: number, length: number): number {
  let [product, squareA, squareB] = [0, 0, 0];
  for (let i = start; i < start + length; i++) {
    product += a[i] * b[i];
    squareA += a[i] * a[i];
    squareB += b[i] * b[i];
  }
  if (squareA === 0 || squareB === 0) return squareA === squareB ? 1 : 0;
  return product / Math.sqrt(squareA * squareB);
}

/** ||y - t||^2 and ||t||^2 of a sample. */
export function squaredError(output: Float32Array, target: Float32Array) {
  let part = 0;
  let whole = 0;
  for (let i = 0; i < target.length; i++) {
    part += (output[i] - target[i]) ** 2;
    whole += target[i] ** 2;
  }
  return { part, whole };
}

/** ||y - t|| / ||t||, over all samples together. */
export const relativeError: FidelityMeasure = {
  name: "relative-error",
  better: "lower",
  root: true,
  fits: () => true,
  suits: () => true,
  comparison:
    () =>
    ([output], [target]) =>
      squaredError(output, target),
};
