import * as Plot from "@observablehq/plot";
import type { Measure } from "../tasks/measure.ts";
import { axisText, nameText, valueText } from "../tasks/words.ts";
import type { Chart } from "./chart.ts";
import { LEAF, WOOD } from "./colours.ts";
import type { EpochPoint } from "./run-report.ts";

/** Pixels that a letter takes. */
const LETTER = 6.5;

/** The epochs of all rounds on one axis, with the place where each round begins. */
function inOrder(epochs: readonly EpochPoint[]) {
  const points = epochs.map((point, i) => ({ ...point, at: i + 1 }));
  return { points, starts: points.filter(({ epoch }) => epoch === 1) };
}

type Placed = ReturnType<typeof inOrder>["points"][number];

/** Those rounds whose names have room, from the first on. */
function withRoom(starts: readonly Placed[], epochs: number, width: number): Placed[] {
  let free = 0;
  return starts.filter(({ at, round }) => {
    const from = (at / epochs) * (width - 64);
    if (from < free) return false;
    free = from + LETTER * round.length + 10;
    return true;
  });
}

const begins = (starts: readonly Placed[]) =>
  Plot.ruleX(starts, { x: ({ at }: Placed) => at - 0.5, stroke: "currentColor", strokeOpacity: 0.25 });

/** The measure on the validation split after each epoch, rounds marked. */
export function epochChart(epochs: readonly EpochPoint[], measure: Pick<Measure, "name" | "unit" | "better">): Chart {
  const { points, starts } = inOrder(epochs);
  // The first epochs are far off; the axis shows where the rest happens.
  const sorted = points.map(({ validation }) => validation).sort((a, b) => a - b);
  const top = Math.max(sorted[Math.floor(0.9 * (sorted.length - 1))] * 1.6, measure.unit === "%" ? 0.1 : 0);
  const shown = measure.better === "lower" && top > 0 ? { domain: [0, top], clamp: true } : { nice: true };
  const [first, last] = [points[0], points[points.length - 1]];
  return {
    description: `Validation ${nameText(measure)} after each of ${points.length} epochs in ${starts.length} rounds: ${first ? `${valueText(measure, first.validation)} after the first, ${valueText(measure, last.validation)} after the last` : "none"}.`,
    draw: (width): Plot.PlotOptions => ({
      height: 260,
      marginTop: 40,
      marginLeft: 48,
      marginRight: 16,
      x: { label: null, ticks: [] },
      y: { label: axisText(measure, "validation"), labelOffset: 40, grid: true, ...shown },
      marks: [
        begins(starts),
        Plot.text(withRoom(starts, points.length, width), {
          x: ({ at }: Placed) => at - 0.4,
          text: "round",
          frameAnchor: "top",
          textAnchor: "start",
          dy: -14,
        }),
        Plot.lineY(points, { x: "at", y: "validation", z: "round", stroke: LEAF, strokeWidth: 2 }),
        Plot.dot(points, {
          x: "at",
          y: "validation",
          fill: LEAF,
          r: 2.5,
          title: ({ round, epoch, validation }: Placed) =>
            `${round}, epoch ${epoch}: ${valueText(measure, validation)}`,
        }),
      ],
    }),
  };
}

/** Kept parameters during each epoch, percent. */
export function densityChart(epochs: readonly EpochPoint[]): Chart {
  const { points, starts } = inOrder(epochs);
  const place = { x: "at", y: ({ density }: Placed) => 100 * density };
  return {
    description: `Parameters that are kept in each round: ${starts.map(({ round, density }) => `${round} ${kept(density)}`).join(", ")}.`,
    draw: (): Plot.PlotOptions => ({
      height: 170,
      marginLeft: 48,
      marginRight: 16,
      marginBottom: 36,
      x: { label: "epoch, all rounds" },
      y: { label: "kept, %", domain: [0, 100], ticks: 5, grid: true },
      marks: [
        begins(starts),
        Plot.areaY(points, { ...place, fill: WOOD, fillOpacity: 0.18, curve: "step" }),
        Plot.lineY(points, { ...place, stroke: WOOD, strokeWidth: 2, curve: "step" }),
        Plot.dot(points, {
          ...place,
          fill: "transparent",
          title: ({ round, epoch, density }: Placed) => `${round}, epoch ${epoch}: ${kept(density)} kept`,
        }),
      ],
    }),
  };
}

const kept = (density: number) => `${(100 * density).toFixed(1)}%`;
