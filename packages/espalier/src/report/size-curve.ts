import * as Plot from "@observablehq/plot";
import type { CurvePoint } from "../sharing/scaled/walk-curve.ts";
import { fidelityText } from "../tasks/words.ts";
import { roundRates } from "./axes.ts";
import type { Chart } from "./chart.ts";
import { LEAF, WOOD } from "./colours.ts";
import { bytesText } from "./figures.ts";
import { referenceLine, referenceName } from "./reference-line.ts";

/** The curve that was walked: how small and how far the same each network was, with the one that was chosen. */
export function sizeCurve(
  curve: readonly CurvePoint[],
  chosen: CurvePoint | undefined,
  { limit, measure }: { readonly limit: number; readonly measure: string },
): Chart {
  const told = (point: CurvePoint) =>
    `${bytesText(point.bytes)}${point.cut > 0 ? ` with ${Math.round(100 * point.density)}% of the weights` : ""}: ${fidelityText(point.fidelity)}, ${point.epochs > 0 ? `after ${point.epochs} ${point.epochs === 1 ? "epoch" : "epochs"} of imitation, ` : ""}${point === chosen ? "chosen" : point.accepted ? "good enough" : "too far off"}`;
  // Beyond, a network is no more than too far off.
  const least = Math.max(0, Math.min(100 - 3 * (100 - limit), 100 - LEAST_SHOWN));
  const bottom = Math.max(least, Math.floor(Math.min(limit, ...curve.map(({ fidelity }) => fidelity))));
  const place = { x: "bytes", y: "fidelity" };
  const rounded = curve.filter(({ epochs, cut }) => epochs === 0 && cut === 0);
  const sizes = curve.map(({ bytes }) => bytes);
  const best = chosen ? [chosen] : [];
  return {
    description: `Fidelity by ${measure} on the validation split against the size of the rounded weights, of ${curve.length} networks; ${fidelityText(limit)} is the limit. ${curve.map(told).join("; ")}.`,
    draw: (width): Plot.PlotOptions => ({
      height: width < 500 ? 270 : 320,
      marginTop: 28,
      marginLeft: 52,
      marginRight: 44,
      marginBottom: 40,
      x: {
        label: "size of the rounded weights, about",
        type: "log",
        grid: true,
        ticks: roundRates(Math.min(...sizes), Math.max(...sizes), width / 80),
        tickFormat: bytesText,
      },
      y: { label: `the same by ${measure}, %`, grid: true, domain: [bottom, 100], clamp: true },
      marks: [
        Plot.ruleY([limit], referenceLine),
        Plot.text([limit], referenceName("limit")),
        Plot.lineY(rounded, { ...place, stroke: WOOD, strokeWidth: 1.5, strokeOpacity: 0.6 }),
        Plot.dot(curve, {
          ...place,
          r: 4,
          symbol: ({ epochs, cut }: CurvePoint) => (epochs > 0 ? "imitated" : cut > 0 ? "cut" : "rounded"),
          stroke: WOOD,
          strokeWidth: 1.5,
          fill: ({ accepted }: CurvePoint) => (accepted ? WOOD : "var(--paper)"),
          title: told,
        }),
        Plot.dot(best, { ...place, r: 7, fill: LEAF, title: told }),
        Plot.text(best, {
          ...place,
          text: ({ bytes }: CurvePoint) => bytesText(bytes),
          dy: -16,
          fontWeight: 650,
          stroke: "var(--paper)",
          strokeWidth: 4,
          fill: "currentColor",
        }),
      ],
      symbol: { domain: ["rounded", "cut", "imitated"], range: ["circle", "square", "triangle"] },
    }),
  };
}

/** Points of fidelity that the axis shows at least. */
const LEAST_SHOWN = 5;
