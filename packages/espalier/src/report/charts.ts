import * as Plot from "@observablehq/plot";
import type { Measure } from "../tasks/measure.ts";
import { axisText } from "../tasks/words.ts";
import { draw, LEAF, WOOD } from "./draw.ts";
import type { Histogram } from "./histogram.ts";
import type { Html } from "./html.ts";
import type { EpochPoint } from "./run-report.ts";

/** The epochs of all rounds on one axis, with the place where each round begins. */
function inOrder(epochs: readonly EpochPoint[]) {
  const points = epochs.map((point, i) => ({ ...point, at: i + 1 }));
  return { points, starts: points.filter(({ epoch }) => epoch === 1) };
}

/** The measure on the validation split after each epoch, rounds marked. */
export function epochChart(epochs: readonly EpochPoint[], measure: Pick<Measure, "name" | "unit" | "better">): Html {
  const { points, starts } = inOrder(epochs);
  // The first epochs are far off; the axis shows where the rest happens.
  const sorted = points.map(({ validation }) => validation).sort((a, b) => a - b);
  const top = Math.max(sorted[Math.floor(0.9 * (sorted.length - 1))] * 1.6, measure.unit === "%" ? 0.1 : 0);
  const shown = measure.better === "lower" && top > 0 ? { domain: [0, top], clamp: true } : { nice: true };
  return draw({
    width: 900,
    height: 260,
    marginTop: 34,
    marginLeft: 48,
    x: { label: null, ticks: [] },
    y: { label: axisText(measure, "validation"), grid: true, ...shown },
    marks: [
      Plot.ruleX(starts, { x: (d) => d.at - 0.5, stroke: "currentColor", strokeOpacity: 0.25 }),
      Plot.text(starts, { x: (d) => d.at - 0.4, text: "round", frameAnchor: "top", textAnchor: "start", dy: -14 }),
      Plot.lineY(points, { x: "at", y: "validation", z: "round", stroke: LEAF, strokeWidth: 2 }),
      Plot.dot(points, { x: "at", y: "validation", fill: LEAF, r: 2.5 }),
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

/** A round's network: how small it is, how good, and what became of it. */
export interface RoundPoint {
  readonly rate: number;
  /** The measure on the validation split. */
  readonly value: number;
  readonly verdict: "chosen" | "within" | "rejected";
}

/** The measure against compression rate, round by round, with the network that was chosen. */
export function tradeOffChart(
  rounds: readonly RoundPoint[],
  baseline: number,
  measure: Pick<Measure, "name" | "unit">,
): Html {
  const place = { x: "rate", y: "value" };
  const chosen = rounds.filter(({ verdict }) => verdict === "chosen");
  return draw({
    width: 900,
    height: 300,
    marginLeft: 48,
    marginBottom: 40,
    x: { label: "compression rate", type: "log", grid: true, tickFormat: (rate: number) => `${rate}x` },
    y: { label: axisText(measure, "validation"), grid: true, nice: true },
    marks: [
      Plot.ruleY([baseline], { stroke: "currentColor", strokeOpacity: 0.5, strokeDasharray: "4 4" }),
      Plot.text([{ rate: Math.min(...rounds.map(({ rate }) => rate)), value: baseline }], {
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

/** Amounts beside each other, a bar for each. */
export function barChart(
  bars: readonly { readonly group: string; readonly name: string; readonly value: number }[],
  label: string,
): Html {
  const inOrder = (of: (bar: (typeof bars)[number]) => string) => [...new Set(bars.map(of))];
  const names = inOrder(({ name }) => name);
  const groups = inOrder(({ group }) => group);
  const crowded = groups.length * names.join().length > MOST_LETTERS;
  return draw({
    width: 900,
    height: crowded ? 380 : 330,
    marginTop: 44,
    marginLeft: 60,
    marginBottom: crowded ? 90 : 40,
    color: { type: "categorical", scheme: "tableau10", domain: names },
    x: { label: null, domain: names, tickRotate: crowded ? -30 : 0 },
    fx: { label: null, domain: groups },
    y: { label, grid: true, insetTop: 16 },
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

/** Letters of names that have room side by side. */
const MOST_LETTERS = 110;

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
