import * as Plot from "@observablehq/plot";
import type { Measure } from "../tasks/measure.ts";
import { axisText, nameText, valueText } from "../tasks/words.ts";
import type { Chart } from "./chart.ts";
import { LEAF, WOOD } from "./colours.ts";

/** A round's network: how small it is, how good, and what became of it. */
export interface RoundPoint {
  readonly rate: number;
  /** The measure on the validation split. */
  readonly value: number;
  readonly verdict: "chosen" | "within" | "rejected";
}

const VERDICTS = { chosen: "chosen", within: "good enough", rejected: "too far off" } as const;
const place = { x: "rate", y: "value" };

/** The measure against compression rate, round by round, with the network that was chosen. */
export function tradeOffChart(
  rounds: readonly RoundPoint[],
  baseline: number,
  measure: Pick<Measure, "name" | "unit">,
): Chart {
  const chosen = rounds.filter(({ verdict }) => verdict === "chosen");
  const told = ({ rate, value, verdict }: RoundPoint) =>
    `${rate.toFixed(1)}x: ${valueText(measure, value)}, ${VERDICTS[verdict]}`;
  const rates = rounds.map(({ rate }) => rate);
  return {
    description: `Validation ${nameText(measure)} against compression rate; ${valueText(measure, baseline)} while dense. ${rounds.map(told).join("; ")}.`,
    draw: (width) => ({
      height: width < 500 ? 260 : 300,
      marginTop: 28,
      marginLeft: 48,
      marginRight: 48,
      marginBottom: 40,
      x: rateAxis(rates, width / 70),
      y: { label: axisText(measure, "validation"), grid: true, nice: true },
      marks: [
        Plot.ruleY([baseline], { stroke: "currentColor", strokeOpacity: 0.5, strokeDasharray: "4 4" }),
        Plot.text([baseline], {
          y: (value: number) => value,
          text: () => "dense",
          frameAnchor: "right",
          textAnchor: "start",
          dx: 6,
        }),
        Plot.dot(rounds, {
          ...place,
          r: 4,
          stroke: WOOD,
          fill: ({ verdict }: RoundPoint) => (verdict === "rejected" ? "none" : WOOD),
          title: told,
        }),
        Plot.dot(chosen, { ...place, r: 7, fill: LEAF, title: told }),
        Plot.text(chosen, {
          ...place,
          text: ({ rate }: RoundPoint) => `${rate.toFixed(1)}x`,
          dy: -16,
          fontWeight: 650,
        }),
      ],
    }),
  };
}

/** A logarithmic axis of compression rates, at most so many of them named. */
export function rateAxis(rates: readonly number[], most: number): Plot.ScaleOptions {
  return {
    label: "compression rate",
    type: "log",
    grid: true,
    ticks: roundRates(Math.min(...rates), Math.max(...rates), most),
    tickFormat: (rate: number) => `${Number(rate.toPrecision(3))}x`,
  };
}

const FINE = [1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9];
const STEPS = [FINE, [1, 1.5, 2, 3, 4, 5, 7], [1, 2, 3, 5, 7], [1, 2, 5], [1]];

/** Round numbers within two rates, such as 1, 2, 5, 10: at most so many, the finest that are not more. */
export function roundRates(low: number, high: number, most: number): number[] {
  for (const steps of STEPS) {
    const found: number[] = [];
    for (let power = 10 ** Math.floor(Math.log10(low)); power <= high; power *= 10) {
      found.push(...steps.map((step) => step * power).filter((rate) => rate >= low && rate <= high));
    }
    if (found.length > 0 && found.length <= most) return found;
  }
  return low === high ? [low] : [low, high];
}
