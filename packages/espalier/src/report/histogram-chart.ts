import * as Plot from "@observablehq/plot";
import type { Chart } from "./chart.ts";
import { LEAF } from "./colours.ts";
import { digits } from "./figures.ts";
import type { Histogram } from "./histogram.ts";

/** The weights of a layer before and after, each scaled to its own highest bin (after Han et al., figure 8). */
export function histogramChart(before: Histogram, after: Histogram): Chart {
  const bins = before.counts.map((count, i) => ({ low: before.edges[i], high: before.edges[i + 1], count, i }));
  const total = ({ counts }: Histogram) => counts.reduce((sum, count) => sum + count, 0);
  const [all, left] = [total(before), total(after)];
  return {
    description: `Weights from ${told(before.edges[0])} to ${told(before.edges[before.edges.length - 1])}: ${all.toLocaleString("en-US")} before, ${left.toLocaleString("en-US")} after.`,
    widths: [320],
    draw: (): Plot.PlotOptions => ({
      height: 190,
      marginLeft: 12,
      marginRight: 12,
      x: { label: "weight" },
      y: { axis: null, domain: [0, 1] },
      marks: [
        Plot.rectY(bars(after), { x1: "low", x2: "high", y: "height", fill: LEAF }),
        Plot.lineY(outline(before), { x: "x", y: "y", stroke: "currentColor", strokeWidth: 1.5 }),
        Plot.ruleY([0]),
        // To be pointed at: as high as the chart, so that rare weights are found too.
        Plot.rectY(bins, {
          x1: "low",
          x2: "high",
          y: 1,
          fill: "transparent",
          title: ({ low, high, count, i }: (typeof bins)[number]) =>
            `${told(low)} to ${told(high)}: ${count.toLocaleString("en-US")} before, ${after.counts[i].toLocaleString("en-US")} after`,
        }),
      ],
    }),
  };
}

const told = (weight: number) => digits(weight, 2);

function heights({ counts }: Histogram): number[] {
  const highest = Math.max(1, ...counts);
  return counts.map((count) => count / highest);
}

function bars(histogram: Histogram) {
  const { edges } = histogram;
  return heights(histogram).flatMap((height, i) => (height > 0 ? [{ low: edges[i], high: edges[i + 1], height }] : []));
}

/** The steps around all bars. */
function outline(histogram: Histogram) {
  const { edges } = histogram;
  const high = heights(histogram);
  const steps = high.flatMap((y, i) => [
    { x: edges[i], y },
    { x: edges[i + 1], y },
  ]);
  return [{ x: edges[0], y: 0 }, ...steps, { x: edges[high.length], y: 0 }];
}
