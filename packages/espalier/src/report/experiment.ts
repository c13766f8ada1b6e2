import { type Html, html } from "./html.ts";
import { pngUri } from "./mask-image.ts";
import { page } from "./page.ts";

/** All that the page of an experiment shows. */
export interface ExperimentReport {
  readonly title: string;
  /** What the paper says. */
  readonly claim: string;
  readonly command: string;
  /** The first row names the columns. */
  readonly table: readonly (readonly (string | number)[])[];
  readonly figures: readonly { readonly caption: string; readonly picture: Html | Uint8Array }[];
  /** Texts to be read side by side. */
  readonly texts?: readonly { readonly title: string; readonly text: string }[];
}

/** Texts beside each other. */
function columns(texts: NonNullable<ExperimentReport["texts"]>): Html {
  return html`<div class="texts">${texts.map(({ title, text }) => html`<section><h2>${title}</h2><pre>${text}</pre></section>`)}</div>`;
}

/** Renders an experiment as one HTML page that needs nothing else. */
export function renderExperiment(report: ExperimentReport): string {
  const { title, claim, command, table, figures, texts = [] } = report;
  const [head, ...rows] = table;
  return page(
    title,
    html`<h1>${title}</h1>
<p class="soft"><code>${command}</code></p>
<p>The paper: ${claim}</p>
${figures.map(
  ({ picture, caption }) =>
    html`<figure class="chart">${picture instanceof Uint8Array ? html`<img src="${pngUri(picture)}" alt="${caption}">` : picture}<figcaption>${caption}</figcaption></figure>`,
)}
<div class="scroll"><table><thead><tr>${head.map((cell) => html`<th>${cell}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${typeof cell === "number" ? cell.toLocaleString("en-US") : cell}</td>`)}</tr>`)}</tbody></table></div>
${columns(texts)}`,
  );
}
