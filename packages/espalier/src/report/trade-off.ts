import * as Plot from "@observablehq/plot";
import type { Measure } from "../tasks/measure.ts";
import { axisText, nameText, valueText } from "../tasks/words.ts";
import { rateAxis } from "./axes.ts";
import type { Chart } from "./chart.ts";
import { LEAF, WOOD } from "./colours.ts";
import { referenceLine, referenceName } from "./reference-line.ts";

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
    draw: (width): Plot.PlotOptions => ({
      height: width < 500 ? 260 : 300,
      marginTop: 28,
      marginLeft: 48,
      marginRight: 48,
      marginBottom: 40,
      x: rateAxis(rates, width / 70),
      y: { label: axisText(measure, "validation"), grid: true, nice: true },
      marks: [
        Plot.ruleY([baseline], referenceLine),
        Plot.text([baseline], referenceName("dense")),
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
