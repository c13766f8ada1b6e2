/// <reference lib="dom" />
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { Histogram } from "./histogram.ts";
import { Html } from "./html.ts";
import type { EpochPoint } from "./run-report.ts";

const LEAF = "var(--leaf)";
const WOOD = "var(--wood)";

/** Draws a plot as static SVG. */
function draw(options: Plot.PlotOptions): Html {
  const { document } = parseHTML("<html><body></body></html>");
  const chart = Plot.plot({
    document,
    style: { background: "none", fontSize: "12px", overflow: "visible" },
    ...options,
  });
  return new Html(chart.outerHTML);
}

/** The epochs of all rounds on one axis, with the place where each round begins. */
function inOrder(epochs: readonly EpochPoint[]) {
  const points = epochs.map((point, i) => ({ ...point, at: i + 1 }));
  return { points, starts: points.filter(({ epoch }) => epoch === 1) };
}

/** Validation error after each epoch, rounds marked. */
export function errorChart(epochs: readonly EpochPoint[]): Html {
  const { points, starts } = inOrder(epochs);
  // The first epochs are far off; the axis shows where the rest happens.
  const sorted = points.map(({ validationError }) => validationError).sort((a, b) => a - b);
  const top = Math.max(sorted[Math.floor(0.9 * (sorted.length - 1))] * 1.6, 0.1);
  return draw({
    width: 900,
    height: 260,
    marginTop: 34,
    marginLeft: 48,
    x: { label: null, ticks: [] },
    y: { label: "validation error, %", domain: [0, top], grid: true, clamp: true },
    marks: [
      Plot.ruleX(starts, { x: (d) => d.at - 0.5, stroke: "currentColor", strokeOpacity: 0.25 }),
      Plot.text(starts, { x: (d) => d.at - 0.4, text: "round", frameAnchor: "top", textAnchor: "start", dy: -14 }),
      Plot.lineY(points, { x: "at", y: "validationError", z: "round", stroke: LEAF, strokeWidth: 2 }),
      Plot.dot(points, { x: "at", y: "validationError", fill: LEAF, r: 2.5 }),
    ],
  });
}

/** Kept parameters during each epoch, percent. */
export function densityChart(epochs: readonly EpochPoint[]): Html {
  const { points, starts } = inOrder(epochs);
  return draw({
    width: 900,
    height: 170,
    marginLeft: 48,
    marginBottom: 36,
    x: { label: "epoch, all rounds" },
    y: { label: "kept, %", domain: [0, 100], grid: true },
    marks: [
      Plot.ruleX(starts, { x: (d) => d.at - 0.5, stroke: "currentColor", strokeOpacity: 0.25 }),
      Plot.areaY(points, { x: "at", y: (d) => 100 * d.density, fill: WOOD, fillOpacity: 0.18, curve: "step" }),
      Plot.lineY(points, { x: "at", y: (d) => 100 * d.density, stroke: WOOD, strokeWidth: 2, curve: "step" }),
    ],
  });
}

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
      ...endsOf(inOrder, height - 90, y.zero === true).map(({ dy, ...end }) =>
        Plot.text([end], { ...place, text: "series", fill: "series", textAnchor: "start", dx: 8, dy }),
      ),
    ],
  });
}

/** The last point of each curve, and how far its name must move so that names do not lie on each other. */
function endsOf(points: readonly CurvePoint[], height: number, zero: boolean): (CurvePoint & { dy: number })[] {
  const ends = [...new Map(points.map((point) => [point.series, point])).values()].sort((a, b) => b.y - a.y);
  const ys = points.map(({ y }) => y);
  const [low, high] = [zero ? Math.min(0, ...ys) : Math.min(...ys), Math.max(...ys)];
  let above = Number.NEGATIVE_INFINITY;
  return ends.map((end) => {
    const place = ((high - end.y) / (high - low || 1)) * height;
    const moved = Math.max(place, above + 15);
    above = moved;
    return { ...end, dy: moved - place };
  });
}

/** A round's network: how small it is, how good, and what became of it. */
export interface RoundPoint {
  readonly rate: number;
  readonly error: number;
  readonly verdict: "chosen" | "within" | "rejected";
}

/** Validation error against compression rate, round by round, with the network that was chosen. */
export function tradeOffChart(rounds: readonly RoundPoint[], baseline: number): Html {
  const place = { x: "rate", y: "error" };
  const chosen = rounds.filter(({ verdict }) => verdict === "chosen");
  return draw({
    width: 900,
    height: 300,
    marginLeft: 48,
    marginBottom: 40,
    x: { label: "compression rate", type: "log", grid: true, tickFormat: (rate: number) => `${rate}x` },
    y: { label: "validation error, %", grid: true, nice: true },
    marks: [
      Plot.ruleY([baseline], { stroke: "currentColor", strokeOpacity: 0.5, strokeDasharray: "4 4" }),
      Plot.text([{ rate: Math.min(...rounds.map(({ rate }) => rate)), error: baseline }], {
        ...place,
        text: () => "dense",
        dy: -8,
        textAnchor: "start",
      }),
      Plot.dot(rounds, {
        ...place,
        r: 4,
        stroke: WOOD,
        fill: (d: RoundPoint) => (d.verdict === "rejected" ? "none" : WOOD),
      }),
      Plot.dot(chosen, { ...place, r: 7, fill: LEAF }),
      Plot.text(chosen, { ...place, text: (d: RoundPoint) => `${d.rate.toFixed(1)}x`, dy: -16, fontWeight: 650 }),
    ],
  });
}

/** Validation error against density, a line for each layer (after Han et al., figure 6). */
export function sensitivityChart(points: readonly { layer: string; density: number; error: number }[]): Html {
  return curveChart(
    points.map(({ layer, density, error }) => ({ series: layer, x: 100 * density, y: error })),
    {
      x: { label: "density, %", type: "log", reverse: true, tickFormat: "~r" },
      y: { label: "validation error, %", zero: true },
    },
  );
}

/** Amounts beside each other, a bar for each. */
export function barChart(
  bars: readonly { readonly group: string; readonly name: string; readonly value: number }[],
  label: string,
): Html {
  return draw({
    width: 900,
    height: 320,
    marginLeft: 60,
    marginBottom: 40,
    color: { type: "categorical", scheme: "tableau10" },
    x: { label: null },
    fx: { label: null },
    y: { label, grid: true },
    marks: [
      Plot.barY(bars, { fx: "group", x: "name", y: "value", fill: "name" }),
      Plot.text(bars, {
        fx: "group",
        x: "name",
        y: "value",
        text: (d) => d.value.toLocaleString("en-US", { maximumSignificantDigits: 3 }),
        dy: -8,
      }),
      Plot.ruleY([0]),
    ],
  });
}

/** The weights of a layer before and after, each scaled to its own highest bin (after Han et al., figure 8). */
export function histogramChart(before: Histogram, after: Histogram): Html {
  return draw({
    width: 420,
    height: 190,
    marginLeft: 12,
    x: { label: "weight" },
    y: { axis: null },
    marks: [
      Plot.rectY(bars(before), { x1: "low", x2: "high", y: "height", fill: "currentColor", fillOpacity: 0.22 }),
      Plot.rectY(bars(after), { x1: "low", x2: "high", y: "height", fill: LEAF, fillOpacity: 0.75 }),
      Plot.ruleY([0], { strokeOpacity: 0.4 }),
    ],
  });
}

function bars({ edges, counts }: Histogram) {
  const highest = Math.max(1, ...counts);
  return counts.map((count, i) => ({ low: edges[i], high: edges[i + 1], height: count / highest }));
}
