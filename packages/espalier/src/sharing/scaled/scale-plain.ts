import type { NumericType } from "../../onnx/dtype.ts";
import type { FloatTensor } from "../../onnx/tensor.ts";
import { cheapest, firstPrices, pricesOf } from "./decide.ts";
import type { Plain } from "./looks.ts";
import { MOST_CODE, octaveOf, type ScaledTensor, scaleFor } from "./scaled.ts";

/**
 * The step, in units of the root of what a bit may cost over what a square of an error does. Of a fine uniform quantizer
 * a bit less costs (ln 2 / 6) step^2, so this is 2.9; as codes are decided by their price too, finer steps do better.
 */
export const STEP = 2.2;
/** Counts of codes are taken from the pass before. */
export const PASSES = 2;
/** Products with it are not subnormal. */
export const LEAST_SCALE = 2 ** -100;

/** Rounds a parameter of which only the weight of its errors is known. */
export function scaledPlain(
  { dims, data }: FloatTensor,
  { axis, squares }: Plain,
  price: number,
  dtype: NumericType = "float32",
): ScaledTensor {
  const { scales: count } = axis;
  const inner = count === 1 ? 1 : axis.inner;
  const scales = new Float32Array(count);
  const rowOf = (i: number) => Math.floor(i / inner) % count;
  const most = new Float32Array(count);
  for (let i = 0; i < data.length; i++) most[rowOf(i)] = Math.max(most[rowOf(i)], Math.abs(data[i]));
  // Behind gates that are shut on every sample, no error does anything: as in chains, it then counts as if it did.
  const mean = meanOf(squares) || 1;
  for (let r = 0; r < count; r++) {
    const square = Math.max(squares[r], LEAST_PART * mean, Number.MIN_VALUE);
    const step = Math.max(STEP * Math.sqrt(price / square), (1.25 * most[r]) / MOST_CODE, LEAST_SCALE);
    scales[r] = scaleFor(step, octaveOf(dtype));
  }
  const codes = new Int16Array(data.length);
  let prices = firstPrices();
  for (let pass = 0; pass < PASSES; pass++) {
    const counts = new Float64Array(2 * MOST_CODE + 1);
    for (let i = 0; i < data.length; i++) {
      const r = rowOf(i);
      const own = price / Math.max(squares[r], LEAST_PART * mean, Number.MIN_VALUE);
      codes[i] = cheapest(data[i] / scales[r], scales[r] ** 2, own, prices);
      counts[MOST_CODE + codes[i]]++;
    }
    prices = pricesOf(counts);
  }
  return { dims, inner, scales, codes };
}

/** No row counts for less beside the mean. */
const LEAST_PART = 1e-3;

export const meanOf = (values: Float32Array) =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
