import { partOf } from "../pruning/mask.ts";
import { Html, html } from "./html.ts";
import type { LayerRow } from "./layer-table.ts";

/** What a table shows. The first cell of a row heads it. */
export interface TableContent {
  /** What the table is, for those who come to it by keyboard or do not see it. */
  readonly label: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number | Html)[])[];
  /** The columns that hold words, and stand at the left, beside the first: their places. */
  readonly words?: readonly number[];
  /** Whether the last row sums the others up. */
  readonly total?: boolean;
}

/** A table that scrolls by itself where it is wider than the page, shows that it does, and can be reached by keyboard. */
export function table({ label, head, rows, words = [], total = false }: TableContent): Html {
  const side = (place: number) => new Html(place === 0 || words.includes(place) ? ' class="words"' : "");
  const cell = (content: string | number | Html) =>
    typeof content === "number" ? content.toLocaleString("en-US") : content;
  return html`<div class="${rows.length > MOST_ROWS ? "tall scroll" : "scroll"}" role="region" aria-label="${label}" tabindex="0"><table${new Html(total ? ' class="total"' : "")}>
<thead><tr>${head.map((name, i) => html`<th scope="col"${side(i)}>${name}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([first, ...others]) =>
      html`<tr><th scope="row" class="words">${cell(first)}</th>${others.map((content, i) => html`<td${side(i + 1)}>${cell(content)}</td>`)}</tr>
`,
  )}</tbody>
</table></div>`;
}

/** Longer tables scroll in their own height. */
const MOST_ROWS = 30;

const count = (value: number) => Math.round(value).toLocaleString("en-US");
const share = (value: number | undefined) => (value === undefined ? "" : `${(100 * value).toFixed(1)}%`);

/** The paper's per-layer table, with a row of totals. */
export function layerTable(rows: readonly LayerRow[]): Html {
  const total = (of: (row: LayerRow) => number) => rows.reduce((sum, row) => sum + of(row), 0);
  const weights = total((row) => row.weights);
  const macs = total((row) => row.macs);
  const kept = total((row) => row.kept);
  const macsLeft = total((row) => row.macs * row.macsLeft);
  return table({
    label: "What is left of each layer",
    head: ["layer", "operator", "weights", "MACs", "non-zero activations", "weights kept", "kept", "MACs left"],
    rows: [
      ...rows.map((row) => [
        row.name,
        row.op,
        count(row.weights),
        count(row.macs),
        share(row.activations),
        count(row.kept),
        share(row.density),
        share(row.macsLeft),
      ]),
      [
        "total",
        "",
        count(weights),
        count(macs),
        "",
        count(kept),
        share(partOf(kept, weights)),
        share(partOf(macsLeft, macs)),
      ],
    ],
    words: [1],
    total: true,
  });
}
