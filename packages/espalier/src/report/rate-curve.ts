import * as Plot from "@observablehq/plot";
import type { RateTrial } from "../sharing/rate/walk.ts";
import type { Measure } from "../tasks/measure.ts";
import { axisText, nameText, valueText } from "../tasks/words.ts";
import { roundRates } from "./axes.ts";
import type { Chart } from "./chart.ts";
import { LEAF, WOOD } from "./colours.ts";
import { bytesText } from "./figures.ts";
import { referenceLine, referenceName } from "./reference-line.ts";

/** The networks that were trained for their code: how small each file is and how well it does, with the chosen one. */
export function rateCurve(
  trials: readonly RateTrial[],
  chosen: RateTrial | undefined,
  { limit, measure }: { readonly limit?: number; readonly measure: Pick<Measure, "name" | "unit"> },
): Chart {
  const told = (trial: RateTrial) =>
    `${bytesText(trial.bytes)}, ${(1 / trial.density).toFixed(0)}x fewer weights: ${valueText(measure, trial.validation)}, ${trial === chosen ? "chosen" : trial.accepted ? "good enough" : "too much worse"}`;
  const place = { x: "bytes", y: "validation" };
  const sizes = trials.map(({ bytes }) => bytes);
  const best = chosen ? [chosen] : [];
  const limits = limit === undefined ? [] : [limit];
  return {
    description: `The ${nameText(measure)} on the validation split against the size of the file, of ${trials.length} networks${limit === undefined ? "" : `; ${valueText(measure, limit)} is the limit`}. ${trials.map(told).join("; ")}.`,
    draw: (width): Plot.PlotOptions => ({
      height: width < 500 ? 270 : 320,
      marginTop: 28,
      marginLeft: 52,
      marginRight: 44,
      marginBottom: 40,
      x: {
        label: "size of the file",
        type: "log",
        grid: true,
        ticks: roundRates(Math.min(...sizes), Math.max(...sizes), width / 80),
        tickFormat: bytesText,
      },
      y: { label: axisText(measure, "validation"), grid: true },
      marks: [
        Plot.ruleY(limits, referenceLine),
        Plot.text(limits, referenceName("limit")),
        Plot.lineY(trials, { ...place, stroke: WOOD, strokeWidth: 1.5, strokeOpacity: 0.6 }),
        Plot.dot(trials, {
          ...place,
          r: 4,
          stroke: WOOD,
          strokeWidth: 1.5,
          fill: ({ accepted }: RateTrial) => (accepted ? WOOD : "var(--paper)"),
          title: told,
        }),
        Plot.dot(best, { ...place, r: 7, fill: LEAF, title: told }),
        Plot.text(best, {
          ...place,
          text: ({ bytes }: RateTrial) => bytesText(bytes),
          dy: -16,
          fontWeight: 650,
          stroke: "var(--paper)",
          strokeWidth: 4,
          fill: "currentColor",
        }),
      ],
    }),
  };
}
