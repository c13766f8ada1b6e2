import type { NumericType } from "../../onnx/dtype.ts";
import { float32, isFloat32 } from "../../onnx/tensor.ts";
import { withBias } from "../../reconstruction/moments.ts";
import type { Chain } from "./chain.ts";
import { cutRows } from "./cut.ts";
import { decideRow, firstPrices, pricesOf } from "./decide.ts";
import type { Looked } from "./looks.ts";
import { refineRow } from "./refine.ts";
import { isScaled, orSettled, type Rounded } from "./rounded.ts";
import { LEAST_SCALE, meanOf, PASSES, STEP, scaledPlain } from "./scale-plain.ts";
import { MOST_CODE, octaveOf, type ScaledTensor, scaleFor } from "./scaled.ts";
import type { Statistics } from "./statistics.ts";

/** What there is to know of a layer beside its moments. */
interface LayerOptions {
  readonly price: number;
  /** Connections that cost less than so many times their bits are cut first. */
  readonly cut: number;
  readonly dtype: NumericType;
}

/** Rounds a layer's weights, and its bias behind them. */
export function scaledLayer(
  { typed }: Statistics,
  { layer, linear, blocks, gains }: Looked,
  chains: readonly (readonly Chain[])[],
  { price, cut, dtype }: LayerOptions,
): [string, Rounded][] {
  const { groups, rows, columns } = linear;
  const bias = typed.initializers.get(linear.bias ?? "");
  const whole = withBias(linear, linear.matrices(layer.tensor), isFloat32(bias) ? bias.data : undefined);
  const width = whole.length / (groups * rows);
  const every = Array.from({ length: groups * rows }, (_, row) => {
    const group = Math.floor(row / rows);
    const own = price / gains[row];
    const weights = whole.subarray(row * width, row * width + columns);
    const step = STEP * Math.sqrt(own / curvatureOf(blocks, chains, group, columns));
    return { row, group, price: own, scale: scaleOf(weights, step, octaveOf(dtype)) };
  });
  const codes = new Int16Array(groups * rows * columns);
  const biases = new Float32Array(groups * rows);
  const freed = new Float64Array(1);
  const errors = new Float64Array(width);
  let prices = firstPrices();
  for (let pass = 0; pass < PASSES; pass++) {
    const all = cut > 0 ? whole.slice() : whole;
    for (const [b, { start, end }] of blocks.entries()) {
      const free = end > columns ? 1 : 0;
      const wantedOf = (row: number) => all.subarray(row * width + start, row * width + end);
      for (let group = 0; cut > 0 && group < groups; group++) {
        const own = every
          .slice(group * rows, (group + 1) * rows)
          .map(({ row, scale, price }) => ({ weights: wantedOf(row), scale, price: cut * price }));
        cutRows(chains[b][group], own, free, prices);
      }
      for (const { row, group, scale, price } of every) {
        const own = { wanted: wantedOf(row), scale, price, free };
        const written = codes.subarray(row * columns + start, row * columns + Math.min(end, columns));
        decideRow(chains[b][group], own, prices, written, freed, errors);
        refineRow(chains[b][group], own, prices, written, freed);
        biases[row] = freed[0];
      }
    }
    const counts = new Float64Array(2 * MOST_CODE + 1);
    for (const code of codes) counts[MOST_CODE + code]++;
    prices = pricesOf(counts);
  }
  const weights = orSettled(
    layer.tensor,
    inItsOrder(
      linear,
      Float32Array.from(every, ({ scale }) => scale),
      codes,
      layer.tensor.dims,
    ),
    dtype,
  );
  const found: [string, Rounded][] = [[layer.weight, weights]];
  if (linear.bias && isFloat32(bias)) {
    const last = blocks[blocks.length - 1];
    const size = last.end - last.start;
    const squares = gains.map((gain, row) => {
      const group = Math.floor(row / rows);
      return gain * last.second[(group + 1) * size * size - 1];
    });
    const plain = { name: linear.bias, axis: { scales: 1, inner: 1 }, squares: Float32Array.of(meanOf(squares)) };
    found.push([linear.bias, scaledPlain(isScaled(weights) ? float32(bias.dims, biases) : bias, plain, price, dtype)]);
  }
  return found;
}

/** The geometric mean over all columns of a group. */
function curvatureOf(
  blocks: Looked["blocks"],
  chains: readonly (readonly Chain[])[],
  group: number,
  columns: number,
): number {
  return Math.exp(
    blocks.reduce((sum, { start, end }, b) => {
      const part = (Math.min(end, columns) - start) / columns;
      return sum + part * Math.log(chains[b][group].curvature);
    }, 0),
  );
}

/** A scale for a step, such that all weights have codes. */
function scaleOf(weights: Float32Array, step: number, toTheOctave: number): number {
  const most = weights.reduce((max, w) => Math.max(max, Math.abs(w)), 0);
  return scaleFor(Math.max(step, (1.25 * most) / MOST_CODE, LEAST_SCALE), toTheOctave);
}

/** Codes [groups, rows, columns] in the order of the layer's tensor. */
export function inItsOrder(
  linear: Looked["linear"],
  scales: Float32Array,
  codes: Int16Array,
  dims: readonly number[],
): ScaledTensor {
  const { groups, rows, columns } = linear;
  const ordered = Int16Array.from(linear.weights(Float32Array.from(codes)).data);
  // Where each row lies is told by a tensor that holds the rows' numbers.
  const numbers = linear.weights(Float32Array.from({ length: codes.length }, (_, i) => Math.floor(i / columns))).data;
  const axis = axisOfRows(numbers, groups * rows);
  return { dims, inner: axis.inner, scales: axis.order.map((row) => scales[row]), codes: ordered };
}

/** How rows lie in a tensor: how many elements of one follow each other, and the order in which they come. */
function axisOfRows(numbers: Float32Array, rows: number): { readonly inner: number; readonly order: Float32Array } {
  let inner = 1;
  while (inner < numbers.length && numbers[inner] === numbers[0]) inner++;
  const order = Float32Array.from({ length: rows }, (_, i) => numbers[i * inner]);
  return { inner, order };
}
