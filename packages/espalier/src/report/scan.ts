import type { ScanCost } from "../pruning/scan-cost.ts";
import type { LayerScan, LayerSensitivity } from "../pruning/sensitivity.ts";
import type { Measure } from "../tasks/measure.ts";
import { nameText, valueText } from "../tasks/words.ts";
import { renderChart } from "./chart.ts";
import { sensitivityChart } from "./curves.ts";
import { commandLine, digits } from "./figures.ts";
import { html } from "./html.ts";
import { page } from "./page.ts";
import { table } from "./table.ts";

/** All that the page of a scan shows. */
export interface ScanReport extends Pick<LayerScan, "layers"> {
  readonly cost: ScanCost;
  readonly network: string;
  readonly command: string;
  readonly data: string;
  readonly measure: Pick<Measure, "name" | "unit" | "better">;
  readonly retrained: boolean;
  readonly seconds: number;
}

/** Renders a scan of sensitivities as one HTML page. */
export function renderScan(report: ScanReport): string {
  const { network, command, data, layers, cost, measure, retrained, seconds } = report;
  const densities = layers[0]?.points.map(({ density }) => density) ?? [];
  const afterwards = html`<h2>After a short retraining</h2>
${renderChart(
  sensitivityChart(
    pointsOf(layers, ({ value, retrained }) => retrained ?? value),
    measure,
  ),
  "Sensitivity after a short retraining",
)}`;
  return page(
    `${network}: sensitivity`,
    html`<h1>Sensitivity of ${network}</h1>
${commandLine(command)}
<p class="soft">Each layer pruned alone by magnitude, the others left whole; ${nameText(measure)} on the validation split of ${data}.
The work of ${cost.forwardPasses.toFixed(1)} forward passes (${cost.withoutReuse} without reuse), ${seconds.toFixed(1)} s.</p>
<h2>Right after pruning</h2>
${renderChart(
  sensitivityChart(
    pointsOf(layers, ({ value }) => value),
    measure,
  ),
  "Sensitivity right after pruning",
)}
${retrained ? afterwards : html``}
<h2>All points</h2>
${table({
  label: `Validation ${nameText(measure)} of each layer at each density`,
  head: ["layer", "weights", ...densities.map((density) => `${digits(100 * density)}%`)],
  rows: layers.flatMap(({ name, weights, points }) => {
    const own = [name, weights, ...points.map(({ value }) => valueText(measure, value))];
    if (!retrained) return [own];
    const after = points.map(({ retrained }) => (retrained === undefined ? "" : valueText(measure, retrained)));
    return [own, [`${name}, retrained`, "", ...after]];
  }),
})}`,
  );
}

function pointsOf(
  layers: readonly LayerSensitivity[],
  measured: (point: LayerSensitivity["points"][number]) => number,
) {
  return layers.flatMap(({ name, points }) =>
    points.map((point) => ({ layer: name, density: point.density, value: measured(point) })),
  );
}
