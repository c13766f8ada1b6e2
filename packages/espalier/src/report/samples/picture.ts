import { encode } from "fast-png";
import type { TensorSpec } from "../../data/dataset.ts";
import type { Preprocessing } from "../../data/preprocessing.ts";

/** A sample as people see it. */
export interface Picture {
  /** Of the sample, in pixels: what its boxes and maps are about. */
  readonly width: number;
  readonly height: number;
  readonly png: Uint8Array;
}

/** Where the rows, columns and channels of a sample lie: how far apart neighbours are. */
interface Planes {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly channel: number;
  readonly row: number;
  readonly column: number;
}

/** Smaller samples are no pictures. */
const LEAST = 16;
/** The longest side that is drawn, where the other one leaves something to draw. */
const MOST = 320;

/** How many pixels become one, along either side. */
export function stepFor(width: number, height: number): number {
  return Math.min(width, height, Math.ceil(Math.max(width, height) / MOST));
}

/** How a sample is laid out, where it is a picture of one channel or of three; else undefined. */
export function planesOf({ shape }: Pick<TensorSpec, "shape">, layout?: Preprocessing["layout"]): Planes | undefined {
  if (shape.length !== 3) return undefined;
  const isLast = layout === "NHWC" || (layout === undefined && !isColour(shape[0]) && isColour(shape[2]));
  const [channels, height, width] = isLast ? [shape[2], shape[0], shape[1]] : shape;
  if (!isColour(channels) || height < LEAST || width < LEAST) return undefined;
  const [channel, column] = isLast ? [1, channels] : [height * width, 1];
  return { channels, height, width, channel, row: width * column, column };
}

const isColour = (channels: number) => channels === 1 || channels === 3;

/**
 * A sample as a picture: its values as they were before they were prepared, or, where nobody says how they were, from the
 * least to the greatest.
 */
export function pictureOf(
  values: ArrayLike<number>,
  planes: Planes,
  preprocessing: Pick<Preprocessing, "channels" | "mean" | "scale"> | undefined,
): Picture {
  const { channels, height, width, channel, row, column } = planes;
  const step = stepFor(width, height);
  const [rows, columns] = [Math.floor(height / step), Math.floor(width / step)];
  const shades = preprocessing ? preparedShades(preprocessing) : spreadShades(values);
  const order = preprocessing?.channels === "BGR" ? [2, 1, 0] : [0, 1, 2];
  const data = new Uint8Array(rows * columns * channels);
  for (let y = 0, at = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      for (let c = 0; c < channels; c++, at++) {
        const source = channels === 1 ? 0 : order[c];
        let sum = 0;
        for (let dy = 0; dy < step; dy++) {
          for (let dx = 0; dx < step; dx++) {
            sum += values[source * channel + (y * step + dy) * row + (x * step + dx) * column];
          }
        }
        data[at] = Math.max(0, Math.min(255, Math.round(shades(sum / step ** 2, source))));
      }
    }
  }
  return {
    width,
    height,
    png: encode({ width: columns, height: rows, data, channels: channels === 1 ? 1 : 3, depth: 8 }),
  };
}

/** What a value was, 0 to 255, before (v - mean) * scale. */
function preparedShades({ mean, scale }: Pick<Preprocessing, "mean" | "scale">) {
  return (value: number, channel: number) => value / scale[channel] + mean[channel];
}

/** From black, the least of all values, to white. */
function spreadShades(values: ArrayLike<number>) {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  return (value: number) => (255 * (value - low)) / (high - low || 1);
}
