import type { Model } from "../../onnx/graph.ts";
import { type FloatTensor, float32, isFloat32 } from "../../onnx/tensor.ts";
import { withBias } from "../../reconstruction/moments.ts";
import { decideRow, firstPrices } from "./decide.ts";
import { eachTensor } from "./guess.ts";
import type { Looked } from "./looks.ts";
import { inItsOrder } from "./scale-layer.ts";
import { chainsOf } from "./scale-network.ts";
import { type Axis, MOST_CODE, type ScaledTensor, scaleFor } from "./scaled.ts";
import type { Statistics } from "./statistics.ts";

/** How many bits codes of a parameter have; undefined for those that stay as they are. */
export type BitsOf = (name: string) => number | undefined;

/**
 * Rounds a network's weights to codes of so many bits: with the scale of least squared error for each row of weights, as
 * fine as codes allow. Biases and other rows of numbers have twice as many bits, as each counts for many weights.
 */
export function inBits(model: Model, bitsOf: BitsOf): Map<string, ScaledTensor> {
  return new Map(
    eachTensor(model, (tensor, { name, axis }) => {
      const bits = bitsOf(name);
      return bits === undefined ? undefined : roundedTo(tensor, axis, mostFor(tensor, axis, bits));
    }),
  );
}

/**
 * Rounds layers to codes of so many bits by what they read: the scale of each row is that of least error where its inputs
 * are large, weights that are decided later make up for the errors of those before, and the bias for what is left in the
 * mean.
 */
export function layersInBits({ typed, layers }: Statistics, bitsOf: BitsOf): Map<string, ScaledTensor> {
  const found = new Map<string, ScaledTensor>();
  for (const looked of layers.values()) {
    const { layer, linear } = looked;
    const bits = bitsOf(layer.weight);
    if (bits === undefined) continue;
    const bias = typed.initializers.get(linear.bias ?? "");
    const { scaled, biases } = layerInBits(looked, isFloat32(bias) ? bias : undefined, mostOf(bits));
    found.set(layer.weight, scaled);
    const own = linear.bias && bitsOf(linear.bias);
    if (!linear.bias || !own || !isFloat32(bias)) continue;
    const line = float32(bias.dims, biases);
    const axis = { scales: 1, inner: 1 };
    found.set(linear.bias, roundedTo(line, axis, mostFor(line, axis, own)));
  }
  return found;
}

/**
 * One layer as {@link layersInBits} rounds it.
 * @param bias what is added to its outputs
 * @param most the largest code
 * @param toTheOctave how many scales there are to the octave; default: as many as a file tells for little
 */
export function layerInBits(looked: Looked, bias: FloatTensor | undefined, most: number, toTheOctave?: number) {
  const { layer, linear, blocks } = looked;
  const { groups, rows, columns } = linear;
  const whole = withBias(linear, linear.matrices(layer.tensor), bias?.data);
  const width = whole.length / (groups * rows);
  const chains = chainsOf(looked);
  const scales = new Float32Array(groups * rows);
  const codes = new Int16Array(groups * rows * columns);
  const biases = new Float32Array(groups * rows);
  const errors = new Float64Array(width);
  const freed = new Float64Array(1);
  const prices = firstPrices();
  for (let row = 0; row < groups * rows; row++) {
    const group = Math.floor(row / rows);
    const wanted = whole.subarray(row * width, (row + 1) * width);
    const squares = squaresOf(looked, group);
    scales[row] = bestScale(
      columns,
      (i) => wanted[i],
      (i) => squares[i],
      most,
      toTheOctave,
    );
    const written = codes.subarray(row * columns, (row + 1) * columns);
    for (const [b, { start, end }] of blocks.entries()) {
      const free = end > columns ? 1 : 0;
      const part = { wanted: wanted.subarray(start, end), scale: scales[row], price: 0, free, most };
      decideRow(chains[b][group], part, prices, written.subarray(start, Math.min(end, columns)), freed, errors);
    }
    biases[row] = freed[0];
  }
  return { scaled: inItsOrder(linear, scales, codes, layer.tensor.dims), biases };
}

/** The mean squares of a group's inputs, which say how much the error of each column counts. */
function squaresOf({ linear: { columns }, blocks }: Looked, group: number): Float64Array {
  const squares = new Float64Array(columns);
  for (const { start, end, second } of blocks) {
    const size = end - start;
    for (let j = start; j < Math.min(end, columns); j++) {
      squares[j] = second[(group * size + (j - start)) * size + (j - start)];
    }
  }
  return squares;
}

const isLine = ({ dims }: FloatTensor) => dims.filter((size) => size > 1).length < 2;

/** The largest code of so many bits. */
const mostOf = (bits: number) => Math.max(1, Math.min(MOST_CODE, 2 ** (bits - 1) - 1));

const mostFor = (tensor: FloatTensor, { scales }: Axis, bits: number) =>
  scales === 1 && isLine(tensor) ? mostOf(2 * bits) : mostOf(bits);

const LEAST = 1e-30;
/** Parts of the largest weight that scales are tried for: what lies beyond is cut off. */
const REACHES = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4];

/**
 * The scale of least squared error for a row of weights.
 * @param squares how much the error of each counts
 */
function bestScale(
  size: number,
  weight: (i: number) => number,
  squares: (i: number) => number,
  most: number,
  toTheOctave?: number,
): number {
  let largest = 0;
  for (let i = 0; i < size; i++) largest = Math.max(largest, Math.abs(weight(i)));
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  for (const reach of REACHES) {
    const scale = scaleFor(Math.max((largest * reach) / most, LEAST), toTheOctave);
    let error = 0;
    for (let i = 0; i < size; i++) {
      const w = weight(i);
      error += squares(i) * (w - scale * codeOf(w, scale, most)) ** 2;
    }
    if (error < least || best === 0) [best, least] = [scale, error];
  }
  return best;
}

/** A tensor as {@link inBits} rounds it. */
export function roundedTo(
  { dims, data }: FloatTensor,
  { scales: count, inner }: Axis,
  most: number,
  toTheOctave?: number,
): ScaledTensor {
  const size = data.length / count;
  const scales = Float32Array.from({ length: count }, (_, row) => {
    const weight = (i: number) => data[(Math.floor(i / inner) * count + row) * inner + (i % inner)];
    return bestScale(size, weight, () => 1, most, toTheOctave);
  });
  const codes = Int16Array.from(data, (w, i) => codeOf(w, scales[Math.floor(i / inner) % count], most));
  return { dims, inner, scales, codes };
}

const codeOf = (w: number, scale: number, most: number) => Math.max(-most, Math.min(most, Math.round(w / scale)));
