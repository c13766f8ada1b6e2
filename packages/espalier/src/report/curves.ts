import * as Plot from "@observablehq/plot";
import type { Measure } from "../tasks/measure.ts";
import { axisText, valueText } from "../tasks/words.ts";
import type { Axis } from "./axes.ts";
import { type Chart, WIDE } from "./chart.ts";
import { lookOf } from "./colours.ts";
import { digits } from "./figures.ts";

/** A point of one of several curves. */
export interface CurvePoint {
  readonly series: string;
  readonly x: number;
  readonly y: number;
}

export interface CurveOptions {
  readonly x: Axis;
  readonly y: Axis;
  readonly height?: number;
  /** What a point says; default: its numbers, to three digits. */
  readonly text?: (point: CurvePoint) => string;
}

/** Between the names of curves. */
const LINE = 15;
/** Above and below the curves. */
const MARGINS = { marginTop: 26, marginBottom: 40 };

/** Curves, each with its name at its end where there is room. */
export function curveChart(
  points: readonly CurvePoint[],
  { x, y, height: least = 380, text = ({ x, y }) => `${digits(x)}: ${digits(y)}` }: CurveOptions,
): Chart {
  const place = { x: "x", y: "y" };
  const names = [...new Set(points.map(({ series }) => series))];
  const curves = names.map((name) =>
    points.filter(({ series }) => series === name).sort((a, b) => (x.reverse ? b.x - a.x : a.x - b.x)),
  );
  const longest = Math.max(...names.map((name) => name.length));
  const height = Math.max(least, LINE * names.length + MARGINS.marginTop + MARGINS.marginBottom);
  return {
    description: `${axisOf(y)} against ${axisOf(x)} of ${names.length === 1 ? names[0] : `${names.length} series: ${names.join(", ")}`}. ${curves.map(span).join(" ")}`,
    series: names.length === 1 ? undefined : { names, roomFrom: WIDE },
    draw(width): Plot.PlotOptions {
      const isNamed = width >= WIDE && names.length > 1;
      const tall = isNamed ? height : Math.min(height, least, Math.max(240, 0.8 * width));
      return {
        height: tall,
        ...MARGINS,
        marginLeft: 48,
        marginRight: isNamed ? 20 + 7 * longest : 16,
        x: { grid: true, ...sparing(width), ...x },
        y: { grid: true, ...y },
        marks: [
          ...curves.map((curve, i) =>
            Plot.lineY(curve, { ...place, stroke: lookOf(i).colour, strokeDasharray: lookOf(i).dash, strokeWidth: 2 }),
          ),
          ...curves.map((curve, i) =>
            Plot.dot(curve, {
              ...place,
              fill: lookOf(i).colour,
              r: 3,
              title: (point: CurvePoint) => (names.length === 1 ? text(point) : `${point.series}, ${text(point)}`),
            }),
          ),
          ...(isNamed ? endsOf(curves, tall - MARGINS.marginTop - MARGINS.marginBottom, y) : []).map(({ dy, ...end }) =>
            Plot.text([end], {
              ...place,
              text: "series",
              fill: lookOf(names.indexOf(end.series)).colour,
              textAnchor: "start",
              dx: 8,
              dy,
            }),
          ),
        ],
      };
    },
  };
}

const axisOf = ({ label }: Axis) => label ?? "value";

/** Fewer ticks where there is little room. */
const sparing = (width: number) => (width < 500 ? { ticks: 5 } : {});

function span(curve: readonly CurvePoint[]): string {
  const [first, last] = [curve[0], curve[curve.length - 1]];
  return `${first.series} goes from ${digits(first.y)} at ${digits(first.x)} to ${digits(last.y)} at ${digits(last.x)}.`;
}

/** The last point of each curve, and how far its name must move so that names do not lie on each other. */
function endsOf(
  curves: readonly (readonly CurvePoint[])[],
  height: number,
  { zero = false, type }: Axis,
): (CurvePoint & { dy: number })[] {
  const scaled = (y: number) => (type === "log" ? Math.log(y) : y);
  const ys = curves.flat().map(({ y }) => scaled(y));
  const [low, high] = [zero ? Math.min(0, ...ys) : Math.min(...ys), Math.max(...ys)];
  const ends = curves
    .map((curve) => curve[curve.length - 1])
    .sort((a, b) => b.y - a.y)
    .map((end) => ({ ...end, own: ((high - scaled(end.y)) / (high - low || 1)) * height }));
  const places = ends.map(({ own }) => own);
  for (let i = 1; i < places.length; i++) places[i] = Math.max(places[i], places[i - 1] + LINE);
  // Those that were moved beyond the end push the ones before them back up.
  for (let i = places.length - 1, most = height; i >= 0; i--, most -= LINE) places[i] = Math.min(places[i], most);
  return ends.map(({ own, ...end }, i) => ({ ...end, dy: places[i] - own }));
}

/** The measure on the validation split against density, a line for each layer (after Han et al., figure 6). */
export function sensitivityChart(
  points: readonly { layer: string; density: number; value: number }[],
  measure: Pick<Measure, "name" | "unit" | "better">,
): Chart {
  return curveChart(
    points.map(({ layer, density, value }) => ({ series: layer, x: 100 * density, y: value })),
    {
      x: { label: "density, %", type: "log", reverse: true, tickFormat: "~r" },
      y: { label: axisText(measure, "validation"), zero: measure.better === "lower" },
      text: ({ x, y }) => `density ${digits(x)}%: ${valueText(measure, y)}`,
    },
  );
}
