import { flag, oneOf } from "../attributes.ts";
import { sizeOf } from "../elements.ts";
import { needed, type Operators, operator, type Planning, type Step, type Value } from "../operator.ts";
import { round } from "./math.ts";
import { cubic } from "./resampling.ts";
import { FLOAT } from "./types.ts";

interface Sampling {
  readonly mode: "linear" | "nearest" | "cubic";
  readonly padding: "zeros" | "border" | "reflection";
  /** True if -1 and 1 are the centres of the first and last element; else they are their outer edges. */
  readonly align: boolean;
}

/** The slope of the cubic kernel at 1. */
const SLOPE = -0.75;

/** The element that stands at a place along an axis, which may lie outside; -1 for nothing. */
function inside(place: number, length: number, { padding, align }: Sampling): number {
  if (place >= 0 && place < length) return place;
  if (padding === "zeros") return -1;
  if (padding === "border") return place < 0 ? 0 : length - 1;
  // There and back, over the edges or the centres.
  const period = align ? Math.max(1, 2 * (length - 1)) : 2 * length;
  const along = ((place % period) + period) % period;
  return along < length ? along : period - along - (align ? 0 : 1);
}

/** The elements around a place along an axis, and how much of each there is in it. */
function tapsAt(place: number, mode: Sampling["mode"], elements: number[], weights: number[]): number {
  const low = mode === "nearest" ? round(place) : Math.floor(place);
  const [first, count] = { nearest: [low, 1], linear: [low, 2], cubic: [low - 1, 4] }[mode];
  for (let i = 0; i < count; i++) {
    const apart = Math.abs(place - first - i);
    elements[i] = first + i;
    weights[i] = mode === "nearest" ? 1 : mode === "linear" ? 1 - apart : cubic(apart, SLOPE);
  }
  return count;
}

/** Reads images at places that a grid gives from -1 to 1, across first and then down. */
function sample(context: Planning, x: Value<"float32">, grid: Value<"float32">, how: Sampling): Step {
  const [batch, channels, height, width] = x.dims;
  if (x.dims.length !== 4) context.refuse(`samples [${x.dims}]`);
  const [samples, ...places] = grid.dims;
  if (grid.dims.length !== 4 || samples !== batch || places[2] !== 2)
    context.wrong(`samples [${x.dims}] at [${grid.dims}]`);
  const count = sizeOf(places.slice(0, 2));
  const plane = height * width;
  const [image, at] = [context.view(x), context.view(grid)];
  const output = context.view(context.output("float32", [batch, channels, places[0], places[1]]));
  const placed = (g: number, length: number) => (how.align ? ((g + 1) / 2) * (length - 1) : ((g + 1) * length - 1) / 2);
  const [rows, columns, down, across]: [number[], number[], number[], number[]] = [[], [], [], []];
  return () => {
    const [from, where, to] = [image(), at(), output()];
    for (let n = 0; n < batch; n++) {
      for (let p = 0; p < count; p++) {
        const g = 2 * (n * count + p);
        const high = tapsAt(placed(where[g + 1], height), how.mode, rows, down);
        const wide = tapsAt(placed(where[g], width), how.mode, columns, across);
        for (let i = 0; i < high; i++) rows[i] = inside(rows[i], height, how);
        for (let j = 0; j < wide; j++) columns[j] = inside(columns[j], width, how);
        for (let c = 0; c < channels; c++) {
          const start = (n * channels + c) * plane;
          let sum = 0;
          for (let i = 0; i < high; i++) {
            for (let j = 0; j < wide; j++) {
              if (rows[i] >= 0 && columns[j] >= 0)
                sum += down[i] * across[j] * from[start + rows[i] * width + columns[j]];
            }
          }
          to[(n * channels + c) * count + p] = sum;
        }
      }
    }
  };
}

const inputs = { x: needed(FLOAT), grid: needed(FLOAT) };
const padding_mode = oneOf("zeros", "border", "reflection");

const gridSample = [
  operator({
    since: 16,
    inputs,
    attributes: { mode: oneOf("bilinear", "nearest", "bicubic"), padding_mode, align_corners: flag(false) },
    plan(context) {
      const { mode, padding_mode: padding, align_corners: align } = context.attributes;
      const names = { bilinear: "linear", nearest: "nearest", bicubic: "cubic" } as const;
      return sample(context, context.inputs.x, context.inputs.grid, { mode: names[mode], padding, align });
    },
  }),
  operator({
    since: 20,
    inputs,
    attributes: { mode: oneOf("linear", "nearest", "cubic"), padding_mode, align_corners: flag(false) },
    plan(context) {
      const { mode, padding_mode: padding, align_corners: align } = context.attributes;
      return sample(context, context.inputs.x, context.inputs.grid, { mode, padding, align });
    },
  }),
];

/** Reading of images at places that are computed. */
export const samplingOperators: Operators = { GridSample: gridSample };
