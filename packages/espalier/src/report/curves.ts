import * as Plot from "@observablehq/plot";
import type { Measure } from "../tasks/measure.ts";
import { axisText } from "../tasks/words.ts";
import { draw } from "./draw.ts";
import type { Html } from "./html.ts";

/** A point of one of several curves. */
export interface CurvePoint {
  readonly series: string;
  readonly x: number;
  readonly y: number;
}

export interface CurveOptions {
  readonly x: Plot.ScaleOptions;
  readonly y: Plot.ScaleOptions;
  readonly height?: number;
}

/** Curves with their names at their ends. */
export function curveChart(points: readonly CurvePoint[], { x, y, height = 380 }: CurveOptions): Html {
  const place = { x: "x", y: "y" };
  const inOrder = [...points].sort((a, b) => (x.reverse ? b.x - a.x : a.x - b.x));
  const longest = Math.max(...points.map(({ series }) => series.length));
  return draw({
    width: 900,
    height,
    marginLeft: 48,
    marginRight: 20 + 7 * longest,
    marginBottom: 40,
    color: { type: "categorical", scheme: "tableau10" },
    x: { grid: true, ...x },
    y: { grid: true, ...y },
    marks: [
      Plot.lineY(inOrder, { ...place, z: "series", stroke: "series", strokeWidth: 2 }),
      Plot.dot(inOrder, { ...place, fill: "series", r: 3 }),
      ...endsOf(inOrder, height - 90, y).map(({ dy, ...end }) =>
        Plot.text([end], { ...place, text: "series", fill: "series", textAnchor: "start", dx: 8, dy }),
      ),
    ],
  });
}

/** The last point of each curve, and how far its name must move so that names do not lie on each other. */
function endsOf(
  points: readonly CurvePoint[],
  height: number,
  { zero = false, type }: Plot.ScaleOptions,
): (CurvePoint & { dy: number })[] {
  const scaled = (y: number) => (type === "log" ? Math.log(y) : y);
  const ends = [...new Map(points.map((point) => [point.series, point])).values()].sort((a, b) => b.y - a.y);
  const ys = points.map(({ y }) => scaled(y));
  const [low, high] = [zero ? Math.min(0, ...ys) : Math.min(...ys), Math.max(...ys)];
  let above = Number.NEGATIVE_INFINITY;
  return ends.map((end) => {
    const place = ((high - scaled(end.y)) / (high - low || 1)) * height;
    const moved = Math.max(place, above + 15);
    above = moved;
    return { ...end, dy: moved - place };
  });
}

/** The measure on the validation split against density, a line for each layer (after Han et al., figure 6). */
export function sensitivityChart(
  points: readonly { layer: string; density: number; value: number }[],
  measure: Pick<Measure, "name" | "unit" | "better">,
): Html {
  return curveChart(
    points.map(({ layer, density, value }) => ({ series: layer, x: 100 * density, y: value })),
    {
      x: { label: "density, %", type: "log", reverse: true, tickFormat: "~r" },
      y: { label: axisText(measure, "validation"), zero: measure.better === "lower" },
    },
  );
}
