import type { NumericType } from "../../onnx/dtype.ts";
import { type FloatTensor, float32, isFloat32 } from "../../onnx/tensor.ts";
import { withBias } from "../../reconstruction/moments.ts";
import { type OnWork, turn } from "../../work.ts";
import { type Chain, chainOf } from "./chain.ts";
import { cheapest, decideRow, firstPrices, pricesOf } from "./decide.ts";
import type { Looked, Plain } from "./looks.ts";
import { isScaled, orSettled, type Rounded, type Scaling } from "./rounded.ts";
import { MOST_CODE, octaveOf, type ScaledTensor, scaleFor } from "./scaled.ts";
import type { Statistics } from "./statistics.ts";

/**
 * The step, in units of the root of what a bit may cost over what a square of an error does. Of a fine uniform quantizer
 * a bit less costs (ln 2 / 6) step^2, so this is 2.9; as codes are decided by their price too, finer steps do better.
 */
const STEP = 2.2;
/** Counts of codes are taken from the pass before. */
const PASSES = 2;

/** Rounds a network's weights to whole numbers times scales, at any price of a bit. */
export class Scaler {
  readonly #statistics: Statistics;
  readonly #typeOf: (name: string) => NumericType;
  readonly #weights: number;
  readonly #chains = new Map<string, readonly (readonly Chain[])[]>();

  /** @param typeOf the type in which a parameter is written; default float32 */
  constructor(statistics: Statistics, typeOf: (name: string) => NumericType = () => "float32") {
    this.#statistics = statistics;
    this.#typeOf = typeOf;
    this.#weights = [...tensorsOf(statistics).values()].reduce((sum, { data }) => sum + data.length, 0);
  }

  /** The parameters that are rounded. */
  get names(): string[] {
    return [...tensorsOf(this.#statistics).keys()];
  }

  /**
   * Rounds all weights, each layer's for itself: where an error costs the outputs least, and as coarsely in each layer,
   * row and column as a bit is worth the same everywhere.
   * @param lambda what one bit more for every weight may cost in squared distance of the outputs, embedded
   * @throws the signal's reason
   */
  async scale(lambda: number, { signal, onWork }: { signal?: AbortSignal; onWork?: OnWork } = {}): Promise<Scaling> {
    const price = lambda / this.#weights;
    const found = new Map<string, Rounded>();
    const { layers } = this.#statistics;
    for (const [at, looked] of [...layers.values()].entries()) {
      await turn();
      signal?.throwIfAborted();
      onWork?.("Rounding layers", at, layers.size);
      const options = { price, dtype: this.#typeOf(looked.layer.weight) };
      for (const [name, tensor] of scaledLayer(this.#statistics, looked, this.#chainsOf(looked), options))
        found.set(name, tensor);
    }
    for (const plain of this.#statistics.others.values()) {
      const tensor = this.#statistics.typed.initializers.get(plain.name);
      if (!isFloat32(tensor)) continue;
      const dtype = this.#typeOf(plain.name);
      found.set(plain.name, orSettled(tensor, scaledPlain(tensor, plain, price, dtype), dtype));
    }
    return found;
  }

  #chainsOf({ layer, linear, blocks }: Looked): readonly (readonly Chain[])[] {
    const known = this.#chains.get(layer.weight);
    if (known) return known;
    const chains = blocks.map(({ start, end, second }) => {
      const size = end - start;
      const free = end > linear.columns ? 1 : 0;
      return Array.from({ length: linear.groups }, (_, g) =>
        chainOf(second.subarray(g * size * size, (g + 1) * size * size), size, free),
      );
    });
    this.#chains.set(layer.weight, chains);
    return chains;
  }
}

function tensorsOf({ typed, layers, others }: Statistics): Map<string, FloatTensor> {
  const names = [
    ...Array.from(layers.values(), ({ layer, linear }) => [layer.weight, linear.bias ?? ""]).flat(),
    ...others.keys(),
  ];
  return new Map(
    names.flatMap((name) => {
      const tensor = typed.initializers.get(name);
      return isFloat32(tensor) ? [[name, tensor]] : [];
    }),
  );
}

function scaledLayer(
  { typed }: Statistics,
  { layer, linear, blocks, gains }: Looked,
  chains: readonly (readonly Chain[])[],
  { price, dtype }: { readonly price: number; readonly dtype: NumericType },
): [string, Rounded][] {
  const { groups, rows, columns } = linear;
  const bias = typed.initializers.get(linear.bias ?? "");
  const whole = withBias(linear, linear.matrices(layer.tensor), isFloat32(bias) ? bias.data : undefined);
  const width = whole.length / (groups * rows);
  const scales = new Float32Array(groups * rows);
  const codes = new Int16Array(groups * rows * columns);
  const biases = new Float32Array(groups * rows);
  const errors = new Float64Array(width);
  const freed = new Float64Array(1);
  let prices = firstPrices();
  for (let pass = 0; pass < PASSES; pass++) {
    const counts = new Float64Array(2 * MOST_CODE + 1);
    for (let row = 0; row < groups * rows; row++) {
      const group = Math.floor(row / rows);
      const wanted = whole.subarray(row * width, (row + 1) * width);
      const own = price / gains[row];
      const curvature = Math.exp(
        blocks.reduce((sum, { start, end }, b) => {
          const part = (Math.min(end, columns) - start) / columns;
          return sum + part * Math.log(chains[b][group].curvature);
        }, 0),
      );
      scales[row] = scaleOf(wanted.subarray(0, columns), STEP * Math.sqrt(own / curvature), octaveOf(dtype));
      const written = codes.subarray(row * columns, (row + 1) * columns);
      for (const [b, { start, end }] of blocks.entries()) {
        const part = {
          wanted: wanted.subarray(start, end),
          scale: scales[row],
          price: own,
          free: end > columns ? 1 : 0,
        };
        decideRow(chains[b][group], part, prices, written.subarray(start, Math.min(end, columns)), freed, errors);
      }
      biases[row] = freed[0];
      for (const code of written) counts[MOST_CODE + code]++;
    }
    prices = pricesOf(counts);
  }
  const weights = orSettled(layer.tensor, inItsOrder(linear, scales, codes, layer.tensor.dims), dtype);
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

/** A scale for a step, such that all weights have codes. */
function scaleOf(weights: Float32Array, step: number, toTheOctave: number): number {
  const most = weights.reduce((max, w) => Math.max(max, Math.abs(w)), 0);
  return scaleFor(Math.max(step, (1.25 * most) / MOST_CODE, LEAST_SCALE), toTheOctave);
}

/** Products with it are not subnormal. */
const LEAST_SCALE = 2 ** -100;

/** Codes [groups, rows, columns] in the order of the layer's tensor. */
function inItsOrder(
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

const meanOf = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
