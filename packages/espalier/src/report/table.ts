import { type Html, html } from "./html.ts";
import type { LayerRow } from "./layer-table.ts";

const count = (value: number) => Math.round(value).toLocaleString("en-US");
const share = (value: number | undefined) => (value === undefined ? "" : `${(100 * value).toFixed(1)}%`);

/** The paper's per-layer table, with a row of totals. */
export function layerTable(rows: readonly LayerRow[]): Html {
  const total = (of: (row: LayerRow) => number) => rows.reduce((sum, row) => sum + of(row), 0);
  const weights = total((row) => row.weights);
  const macs = total((row) => row.macs);
  const kept = total((row) => row.kept);
  return html`<table class="total">
<thead><tr><th>layer</th><th>operator</th><th>weights</th><th>MACs</th><th>non-zero activations</th><th>weights kept</th><th>kept</th><th>MACs left</th></tr></thead>
<tbody>${rows.map(
    (row) =>
      html`<tr><td>${row.name}</td><td>${row.op}</td><td>${count(row.weights)}</td><td>${count(row.macs)}</td><td>${share(row.activations)}</td><td>${count(row.kept)}</td><td>${share(row.density)}</td><td>${share(row.macsLeft)}</td></tr>
`,
  )}<tr><td>total</td><td></td><td>${count(weights)}</td><td>${count(macs)}</td><td></td><td>${count(kept)}</td><td>${share(kept / weights)}</td><td>${share(total((row) => row.macs * row.macsLeft) / macs)}</td></tr></tbody>
</table>`;
}
