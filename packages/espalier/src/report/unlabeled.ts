import type { Measure } from "../tasks/measure.ts";
import { nameText, valueText } from "../tasks/words.ts";
import { curveChart } from "./curves.ts";
import { type Html, html } from "./html.ts";
import type { LayerRow } from "./layer-table.ts";
import { page } from "./page.ts";
import { layerTable } from "./table.ts";

/** All that the page of a pruning without labels shows. Percentages are 0 to 100. */
export interface UnlabeledReport {
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
<p class="soft"><code>${command}</code></p>
${headline(report)}
<h2>What is left of each layer</h2>
<div class="scroll">${layerTable(layers)}</div>
${trials.length > 1 ? tried(report) : html``}`,
  );
}

function headline({ compressionRate, parameters, nonzero, agreement, judged, seconds }: UnlabeledReport): Html {
  const figures: [string, string][] = [
    [`${compressionRate.toFixed(2)}x`, "compression rate"],
    [nonzero.toLocaleString("en-US"), `of ${parameters.toLocaleString("en-US")} parameters kept`],
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
  return html`<div class="figures">${figures.map(([value, label]) => html`<div class="figure"><b>${value}</b><span>${label}</span></div>`)}</div>`;
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
  const points = trials.map(({ rate, agreement }) => ({ series: "expected loss", x: rate, y: agreement.expectedLoss }));
  return html`<h2>What was tried</h2>
<div class="chart">${curveChart(points, {
    x: { label: "compression rate", type: "log", tickFormat: (rate: number) => `${rate}x` },
    y: { label: measure ? "fidelity lost, points" : "expected loss of top 1 accuracy, points", zero: true },
    height: 300,
  })}</div>
<div class="scroll"><table><thead><tr><th>rate</th><th>accepted</th><th>${measure ? `fidelity (${measure})` : "same first class"}</th><th>expected loss</th><th>divergence</th></tr></thead>
<tbody>${trials.map(
    ({ rate, accepted, agreement }) =>
      html`<tr><td>${rate.toFixed(2)}x</td><td>${accepted ? "yes" : "no"}</td><td>${agreement.agreement.toFixed(1)}%</td><td>${agreement.expectedLoss.toFixed(2)}</td><td>${agreement.divergence.toFixed(4)}</td></tr>
`,
  )}</tbody></table></div>
<p class="soft">On the validation split, compared with the network as it came.</p>`;
}
