import type { Planning, Step, Value } from "../operator.ts";
import { led, type Windows } from "../windows.ts";

interface Filtered {
  readonly x: Value<"float32">;
  readonly w: Value<"float32">;
  readonly b: Value<"float32"> | undefined;
}

/** A convolution by filters that may be computed. */
export function correlate(
  context: Planning,
  { x, w, b }: Filtered,
  groups: number,
  windows: Windows,
  dims: readonly number[],
): Step {
  const result = context.view(context.output("float32", dims));
  const [image, weights, biases] = [context.view(x), context.view(w), b && context.view(b)];
  const sums = correlation(groups, w.dims[1], windows, dims);
  return () => sums(image(), weights(), biases?.(), result());
}

/** Writes the sums of a convolution. */
type Correlation = (
  from: Float32Array,
  factors: Float32Array,
  shifts: Float32Array | undefined,
  to: Float32Array | Int32Array,
) => void;

/** A convolution in up to three axes by its definition, sum by sum. */
export function correlation(
  groups: number,
  channels: number,
  windows: Windows,
  [batch, filters]: readonly number[],
): Correlation {
  const { kernel, strides, dilations, begin, input, output } = led(windows, 3);
  const perGroup = filters / groups;
  /** The first and last tap of an axis that lie on the image, for a place of the output. */
  const range = (axis: number, place: number): [start: number, from: number, to: number] => {
    const start = place * strides[axis] - begin[axis];
    const from = Math.max(0, Math.ceil(-start / dilations[axis]));
    return [start, from, Math.min(kernel[axis], Math.ceil((input[axis] - start) / dilations[axis]))];
  };
  const ranges = [0, 1, 2].map((axis) => Array.from({ length: output[axis] }, (_, place) => range(axis, place)));
  const taps = kernel[0] * kernel[1] * kernel[2];
  const plane = input[0] * input[1] * input[2];
  return (from, factors, shifts, to) => {
    let at = 0;
    for (let n = 0; n < batch; n++) {
      for (let f = 0; f < filters; f++) {
        const first = n * channels * groups + Math.floor(f / perGroup) * channels;
        for (const [top, i0, i1] of ranges[0]) {
          for (const [upper, j0, j1] of ranges[1]) {
            for (const [left, k0, k1] of ranges[2]) {
              let sum = shifts ? shifts[f] : 0;
              for (let c = 0; c < channels; c++) {
                for (let i = i0; i < i1; i++) {
                  for (let j = j0; j < j1; j++) {
                    const row = (top + i * dilations[0]) * input[1] + upper + j * dilations[1];
                    const line = (first + c) * plane + row * input[2] + left;
                    const tap = (f * channels + c) * taps + (i * kernel[1] + j) * kernel[2];
                    for (let k = k0; k < k1; k++) sum += factors[tap + k] * from[line + k * dilations[2]];
                  }
                }
              }
              to[at++] = sum;
            }
          }
        }
      }
    }
  };
}
