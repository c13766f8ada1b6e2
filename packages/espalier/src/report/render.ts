import { nameText, valueText } from "../tasks/words.ts";
import { renderChart } from "./chart.ts";
import { sensitivityChart } from "./curves.ts";
import { askedSection, bytesText, commandLine, headline } from "./figures.ts";
import { histogramChart } from "./histogram-chart.ts";
import { type Html, html } from "./html.ts";
import { inputImage, maskImage } from "./mask-image.ts";
import { page } from "./page.ts";
import { densityChart, epochChart } from "./round-charts.ts";
import type { MaskPicture, RunReport } from "./run-report.ts";
import { layerTable } from "./table.ts";
import { tradeOffChart } from "./trade-off.ts";
import { shrunkFigures, shrunkSection } from "./units.ts";

/** Renders a run as one HTML page that needs nothing else: no network, and without its script it shows the same. */
export function renderReport(report: RunReport): string {
  return page(
    `${report.title}: pruned ${report.compressionRate.toFixed(1)}x`,
    html`<h1>${report.title}</h1>
${commandLine(report.command)}
${headline(figuresOf(report))}
<h2>What is left of each layer</h2>
${layerTable(report.layers)}
${shrunkSection(report)}
${report.rounds.length > 2 ? tradeOff(report) : html``}
<h2>How sensitive each layer is</h2>
${sensitivitySection(report)}
<h2>${capital(nameText(report.measure))} and density over the rounds</h2>
${renderChart(epochChart(report.epochs, report.measure), `${capital(nameText(report.measure))} over the rounds`)}
${renderChart(densityChart(report.epochs), "Density over the rounds")}
<h2>Weights before and after</h2>
<p class="soft">Each layer's weights <span class="key outlined"></span>while dense, and <span class="key leaf"></span>those
that survived, each scaled to its highest bin. Pruning empties the middle; retraining spreads what is left.</p>
<div class="grid">${report.histograms.map(
      ({ layer, before, after }) =>
        html`<figure>${renderChart(histogramChart(before, after), `Weights of ${layer}`)}<figcaption>${layer}</figcaption></figure>`,
    )}</div>
${report.mask ? maskSection(report.mask) : html``}
${askedSection(report.settings)}`,
  );
}

const capital = (text: string) => text[0].toUpperCase() + text.slice(1);

function sensitivitySection({ sensitivity, measure }: RunReport): Html {
  if (!sensitivity) {
    return html`<p class="soft">To measure it would have taken longer than the pruning did: <code>espalier scan</code> does.</p>`;
  }
  return html`${renderChart(sensitivityChart(sensitivity, measure), "Sensitivity of each layer")}
<p class="soft">The dense network with one layer alone pruned, before anything is retrained.</p>`;
}

function tradeOff({ rounds, baseline, measure }: RunReport): Html {
  const title = `Size against ${measure.name === "error" ? "accuracy" : nameText(measure)}`;
  return html`<h2>${title}</h2>
${renderChart(tradeOffChart(rounds, baseline.validation, measure), title)}
<p class="soft">A dot for each round of pruning and retraining; the green one is the network that was chosen, hollow ones
were too far off to go on from.</p>`;
}

function figuresOf(report: RunReport): [string, string][] {
  const { parameters, nonzero, compressionRate, measure, baseline, pruned, files, seconds } = report;
  const judged = (part: "test" | "validation"): [string, string] => [
    valueText(measure, pruned[part]),
    `${part} ${nameText(measure)}; ${valueText(measure, baseline[part])} while dense`,
  ];
  return [
    [`${compressionRate.toFixed(1)}x`, "compression rate"],
    [nonzero.toLocaleString("en-US"), `of ${parameters.toLocaleString("en-US")} parameters kept`],
    ...shrunkFigures(report),
    judged("test"),
    judged("validation"),
    ...files.map(({ name, bytes }): [string, string] => [bytesText(bytes), name]),
    [`${Math.round(seconds)} s`, "from start to end"],
  ];
}

function maskSection(mask: MaskPicture): Html {
  const bands = mask.columns / mask.columnsPerBand;
  return html`<h2>Which inputs ${mask.layer} still looks at</h2>
<figure><div class="mask"><img src="${maskImage(mask)}" alt="The mask of ${mask.layer}: ${mask.rows} units by ${mask.columns} inputs"></div>
<figcaption>A row for each of the ${mask.rows} units, a column for each of the ${mask.columns} inputs; what is drawn is kept.
The ${bands} bands are the image's ${bands} rows: their ends are its left and right borders, which hold nothing to
learn from.</figcaption></figure>
<figure><div class="mask inputs"><img src="${inputImage(mask)}" alt="Connections of each input pixel"></div>
<figcaption>The same, summed over the units and laid out as the image: where the digits are.</figcaption></figure>`;
}
