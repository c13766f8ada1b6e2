/** How a place of a resized axis stands for one of the axis as it was (ONNX Resize). */
export type Coordinates =
  | "half_pixel"
  | "half_pixel_symmetric"
  | "pytorch_half_pixel"
  | "align_corners"
  | "asymmetric"
  | "tf_half_pixel_for_nn"
  | "tf_crop_and_resize";

export interface Interpolation {
  readonly mode: "nearest" | "linear" | "cubic";
  /** `simple`: the one before, or where the axis shrinks the one behind. */
  readonly nearest: "round_prefer_floor" | "round_prefer_ceil" | "floor" | "ceil" | "simple";
  /** The a of cubic interpolation (Keys 1981). */
  readonly coefficient: number;
  /** True if what lies outside has no weight; else it is as the edge is. */
  readonly excludeOutside: boolean;
}

export const NEAREST: Interpolation = {
  mode: "nearest",
  nearest: "round_prefer_floor",
  coefficient: -0.75,
  excludeOutside: false,
};

/** An element that goes into another one, and how much of it. */
export interface Tap {
  readonly at: number;
  readonly weight: number;
}

interface Resized {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
  readonly region: readonly [start: number, end: number];
}

/** Where a place lies on the axis as it was, in float32 as runtimes compute it, so that the nearest is the same. */
export function coordinateOf(i: number, { from, to, scale, region }: Resized, coordinates: Coordinates): number {
  const f = Math.fround;
  const centred = () => f(f(f(i + 0.5) / f(scale)) - 0.5);
  switch (coordinates) {
    case "half_pixel":
      return centred();
    case "half_pixel_symmetric": {
      const adjustment = to / (scale * from);
      return (from / 2) * (1 - adjustment) + centred();
    }
    case "pytorch_half_pixel":
      return to > 1 ? centred() : 0;
    case "align_corners":
      return to > 1 ? f(f(i * (from - 1)) / (to - 1)) : 0;
    case "tf_half_pixel_for_nn":
      return f(f(i + 0.5) / f(scale));
    case "asymmetric":
      return f(i / f(scale));
    default: {
      const [start, end] = region;
      if (to > 1) return f(start * (from - 1) + f(f(i * f(end - start)) * (from - 1)) / (to - 1));
      return f(0.5 * f(start + end) * (from - 1));
    }
  }
}

/** The elements of which one at a coordinate is made; none where that lies outside of a region. */
export function tapsOf(
  x: number,
  count: number,
  interpolation: Interpolation,
  coordinates: Coordinates,
  shrinks: boolean,
): Tap[] {
  if (coordinates === "tf_crop_and_resize" && (x < 0 || x > count - 1)) return [];
  const within = (place: number) => Math.min(Math.max(place, 0), count - 1);
  if (interpolation.mode === "nearest")
    return [{ at: within(nearestTo(x, interpolation.nearest, shrinks)), weight: 1 }];
  if (interpolation.mode === "linear") {
    const place = within(x);
    const low = Math.floor(place);
    const rest = place - low;
    return rest === 0
      ? [{ at: low, weight: 1 }]
      : [
          { at: low, weight: 1 - rest },
          { at: low + 1, weight: rest },
        ];
  }
  const low = Math.floor(x);
  const taps = [-1, 0, 1, 2].map((step) => ({
    at: low + step,
    weight: cubic(x - low - step, interpolation.coefficient),
  }));
  if (!interpolation.excludeOutside) return taps.map(({ at, weight }) => ({ at: within(at), weight }));
  const inside = taps.filter(({ at }) => at >= 0 && at < count);
  const sum = inside.reduce((total, { weight }) => total + weight, 0);
  return inside.map(({ at, weight }) => ({ at, weight: weight / sum }));
}

/** Halves that float32 has moved are halves still: runtimes take this distance for none. */
const TIE = 1e-6;

function nearestTo(x: number, mode: Interpolation["nearest"], shrinks: boolean): number {
  switch (mode) {
    case "floor":
      return Math.floor(x);
    case "ceil":
      return Math.ceil(x);
    case "round_prefer_ceil":
      return Math.floor(x + 0.5 + TIE);
    case "round_prefer_floor":
      return Math.ceil(x - 0.5 - TIE);
    default:
      return shrinks ? Math.ceil(x) : Math.trunc(x);
  }
}

/** Keys' kernel at a distance. */
export function cubic(distance: number, a: number): number {
  const d = Math.abs(distance);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}
