import type { ScanCost } from "../pruning/scan-cost.ts";
import type { LayerScan, LayerSensitivity } from "../pruning/sensitivity.ts";
import type { Measure } from "../tasks/measure.ts";
import { nameText, valueText } from "../tasks/words.ts";
import { sensitivityChart } from "./curves.ts";
import { type Html, html } from "./html.ts";
import { page } from "./page.ts";

/** All that the page of a scan shows. */
export interface ScanReport extends Pick<LayerScan, "layers"> {
  readonly cost: ScanCost;
  readonly network: string;
  readonly data: string;
  readonly measure: Pick<Measure, "name" | "unit" | "better">;
  readonly retrained: boolean;
  readonly seconds: number;
}

/** Renders a scan of sensitivities as one HTML page. */
export function renderScan({ network, data, layers, cost, measure, retrained, seconds }: ScanReport): string {
  const densities = layers[0]?.points.map(({ density }) => density) ?? [];
  return page(
    `${network}: sensitivity`,
    html`<h1>Sensitivity of ${network}</h1>
<p class="soft">Each layer pruned alone by magnitude, the others left whole; ${nameText(measure)} on the validation split of ${data}.
The work of ${cost.forwardPasses.toFixed(1)} forward passes (${cost.withoutReuse} without reuse), ${seconds.toFixed(1)} s.</p>
<h2>Right after pruning</h2>
<div class="chart">${sensitivityChart(
      pointsOf(layers, ({ value }) => value),
      measure,
    )}</div>
${
  retrained
    ? html`<h2>After a short retraining</h2>
<div class="chart">${sensitivityChart(
        pointsOf(layers, ({ value, retrained }) => retrained ?? value),
        measure,
      )}</div>`
    : html``
}
<h2>All points</h2>
<div class="scroll"><table><thead><tr><th>layer</th><th>weights</th>${densities.map((density) => html`<th>${percent(100 * density)}</th>`)}</tr></thead>
<tbody>${layers.flatMap(({ name, weights, points }) => [
      row(
        name,
        weights.toLocaleString("en-US"),
        points.map(({ value }) => valueText(measure, value)),
      ),
      retrained
        ? row(
            "",
            "retrained",
            points.map(({ retrained }) => (retrained === undefined ? "" : valueText(measure, retrained))),
          )
        : html``,
    ])}</tbody></table></div>`,
  );
}

function row(name: string, weights: string, values: readonly string[]): Html {
  return html`<tr><td>${name}</td><td>${weights}</td>${values.map((value) => html`<td>${value}</td>`)}</tr>
`;
}

function pointsOf(
  layers: readonly LayerSensitivity[],
  measured: (point: LayerSensitivity["points"][number]) => number,
) {
  return layers.flatMap(({ name, points }) =>
    points.map((point) => ({ layer: name, density: point.density, value: measured(point) })),
  );
}

const percent = (value: number) => `${value.toLocaleString("en-US", { maximumSignificantDigits: 3 })}%`;
