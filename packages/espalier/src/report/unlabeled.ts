import type { Measure } from "../tasks/measure.ts";
import { nameText, valueText } from "../tasks/words.ts";
import { rateAxis } from "./axes.ts";
import { renderChart } from "./chart.ts";
import { curveChart } from "./curves.ts";
import { commandLine, headline } from "./figures.ts";
import { type Html, html } from "./html.ts";
import type { LayerRow } from "./layer-table.ts";
import { page } from "./page.ts";
import { layerTable, table } from "./table.ts";
import { type ShrunkReport, shrunkFigures, shrunkSection } from "./units.ts";

/** All that the page of a pruning without labels shows. Percentages are 0 to 100. */
export interface UnlabeledReport extends ShrunkReport {
  readonly network: string;
  readonly command: string;
  readonly parameters: number;
  readonly nonzero: number;
  readonly compressionRate: number;
  readonly seconds: number;
  readonly agreement: { readonly validation: Compared; readonly test: Compared };
  /** The measure on the test split, where there are labels. */
  readonly judged?: {
    readonly measure: Pick<Measure, "name" | "unit">;
    readonly baseline: number;
    readonly pruned: number;
  };
  readonly layers: readonly LayerRow[];
  readonly trials: readonly { readonly rate: number; readonly agreement: Compared; readonly accepted: boolean }[];
}

interface Compared {
  /** The measure of fidelity; left out of class scores. */
  readonly measure?: string;
  readonly agreement: number;
  readonly divergence: number;
  readonly expectedLoss: number;
}

/** Renders a pruning without labels as one HTML page. */
export function renderUnlabeled(report: UnlabeledReport): string {
  const { network, command, trials, layers } = report;
  return page(
    `${network}: pruned ${report.compressionRate.toFixed(2)}x without labels`,
    html`<h1>${network}, pruned without labels</h1>
${commandLine(command)}
${headline(figuresOf(report))}
<h2>What is left of each layer</h2>
${layerTable(layers)}
${shrunkSection(report)}
${trials.length > 1 ? tried(report) : html``}`,
  );
}

function figuresOf(report: UnlabeledReport): [string, string][] {
  const { compressionRate, parameters, nonzero, agreement, judged, seconds } = report;
  return [
    [`${compressionRate.toFixed(2)}x`, "compression rate"],
    [nonzero.toLocaleString("en-US"), `of ${parameters.toLocaleString("en-US")} parameters kept`],
    ...shrunkFigures(report),
    ...likeness(agreement.test),
    ...(judged
      ? [
          [
            valueText(judged.measure, judged.pruned),
            `test ${nameText(judged.measure)}; ${valueText(judged.measure, judged.baseline)} before`,
          ] satisfies [string, string],
        ]
      : []),
    [`${Math.round(seconds)} s`, "from start to end"],
  ];
}

function likeness({ agreement, expectedLoss, measure }: Compared): [string, string][] {
  if (measure) return [[`${agreement.toFixed(2)}%`, `fidelity on test samples, by ${measure}`]];
  return [
    [`${agreement.toFixed(1)}%`, "of test samples get the same first class as before"],
    [`${expectedLoss.toFixed(2)}`, "points of top 1 accuracy that this predicts as the loss"],
  ];
}

function tried({ trials }: UnlabeledReport): Html {
  const { measure } = trials[0].agreement;
  const lost = measure ? "fidelity lost, points" : "expected loss of top 1 accuracy, points";
  const points = trials.map(({ rate, agreement }) => ({ series: lost, x: rate, y: agreement.expectedLoss }));
  const chart = curveChart(points, {
    x: rateAxis(
      trials.map(({ rate }) => rate),
      5,
    ),
    y: { label: lost, zero: true },
    height: 300,
    text: ({ x, y }) => `${x.toFixed(2)}x: ${y.toFixed(2)} points`,
  });
  return html`<h2>What was tried</h2>
${renderChart(chart, "What was tried: loss against compression rate")}
${table({
  label: "What was tried",
  head: ["rate", "accepted", measure ? `fidelity (${measure})` : "same first class", "expected loss", "divergence"],
  rows: trials.map(({ rate, accepted, agreement }) => [
    `${rate.toFixed(2)}x`,
    accepted ? "yes" : "no",
    `${agreement.agreement.toFixed(1)}%`,
    agreement.expectedLoss.toFixed(2),
    agreement.divergence.toFixed(4),
  ]),
})}
<p class="soft">On the validation split, compared with the network as it came.</p>`;
}
