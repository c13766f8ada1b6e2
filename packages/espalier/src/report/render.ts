import { nameText, valueText } from "../tasks/words.ts";
import { densityChart, epochChart, histogramChart, tradeOffChart } from "./charts.ts";
import { sensitivityChart } from "./curves.ts";
import { type Html, html } from "./html.ts";
import { inputImage, maskImage } from "./mask-image.ts";
import { page } from "./page.ts";
import type { MaskPicture, RunReport } from "./run-report.ts";
import { layerTable } from "./table.ts";

/** Renders a run as one HTML page that needs nothing else: no network, no script. */
export function renderReport(report: RunReport): string {
  return page(
    `${report.title}: pruned ${report.compressionRate.toFixed(1)}x`,
    html`<h1>${report.title}</h1>
<p class="soft"><code>${report.command}</code></p>
${headline(report)}
<h2>What is left of each layer</h2>
<div class="scroll">${layerTable(report.layers)}</div>
${report.rounds.length > 2 ? tradeOff(report) : html``}
<h2>How sensitive each layer is</h2>
<div class="chart">${sensitivityChart(report.sensitivity, report.measure)}</div>
<p class="soft">The dense network with one layer alone pruned, before anything is retrained.</p>
<h2>${capital(nameText(report.measure))} and density over the rounds</h2>
<div class="chart">${epochChart(report.epochs, report.measure)}${densityChart(report.epochs)}</div>
<h2>Weights before and after</h2>
<p class="soft">Each layer's weights while dense <span class="key" style="background:currentColor;opacity:.3"></span>and
those that survived <span class="key leaf"></span>, each scaled to its highest bin. Pruning empties the middle; retraining
spreads what is left.</p>
<div class="grid">${report.histograms.map(
      ({ layer, before, after }) =>
        html`<figure class="chart">${histogramChart(before, after)}<figcaption>${layer}</figcaption></figure>`,
    )}</div>
${report.mask ? maskSection(report.mask) : html``}
<h2>What was asked</h2>
<dl>${report.settings.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`,
  );
}

const capital = (text: string) => text[0].toUpperCase() + text.slice(1);

function tradeOff({ rounds, baseline, measure }: RunReport): Html {
  return html`<h2>Size against ${measure.name === "error" ? "accuracy" : nameText(measure)}</h2>
<div class="chart">${tradeOffChart(rounds, baseline.validation, measure)}</div>
<p class="soft">A dot for each round of pruning and retraining; the green one is the network that was chosen, hollow ones
were too far off to go on from.</p>`;
}

function headline({
  parameters,
  nonzero,
  compressionRate,
  measure,
  baseline,
  pruned,
  files,
  seconds,
}: RunReport): Html {
  const judged = (part: "test" | "validation"): [string, string] => [
    valueText(measure, pruned[part]),
    `${part} ${nameText(measure)}; ${valueText(measure, baseline[part])} while dense`,
  ];
  const figures: [string, string][] = [
    [`${compressionRate.toFixed(1)}x`, "compression rate"],
    [nonzero.toLocaleString("en-US"), `of ${parameters.toLocaleString("en-US")} parameters kept`],
    judged("test"),
    judged("validation"),
    ...files.map(({ name, bytes }): [string, string] => [
      `${Math.round(bytes / 1000).toLocaleString("en-US")} kB`,
      name,
    ]),
    [`${Math.round(seconds)} s`, "from start to end"],
  ];
  return html`<div class="figures">${figures.map(([value, label]) => html`<div class="figure"><b>${value}</b><span>${label}</span></div>`)}</div>`;
}

function maskSection(mask: MaskPicture): Html {
  const bands = mask.columns / mask.columnsPerBand;
  return html`<h2>Which inputs ${mask.layer} still looks at</h2>
<figure><img src="${maskImage(mask)}" alt="The mask of ${mask.layer}: ${mask.rows} units by ${mask.columns} inputs">
<figcaption>A row for each of the ${mask.rows} units, a column for each of the ${mask.columns} inputs; dark means kept.
The ${bands} bands are the image's ${bands} rows: their ends are its left and right borders, which hold nothing to
learn from.</figcaption></figure>
<figure class="inputs"><img src="${inputImage(mask)}" alt="Connections of each input pixel">
<figcaption>The same, summed over the units and laid out as the image: where the digits are.</figcaption></figure>`;
}
