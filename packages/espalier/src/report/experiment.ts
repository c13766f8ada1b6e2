import { type Chart, renderChart } from "./chart.ts";
import { commandLine } from "./figures.ts";
import { type Html, html } from "./html.ts";
import { pngUri } from "./mask-image.ts";
import { page } from "./page.ts";
import { table } from "./table.ts";

/** All that the page of an experiment shows. */
export interface ExperimentReport {
  readonly title: string;
  /** What the paper says. */
  readonly claim: string;
  readonly command: string;
  /** The first row names the columns. */
  readonly table: readonly (readonly (string | number)[])[];
  readonly figures: readonly { readonly caption: string; readonly picture: Chart | Uint8Array }[];
  /** Texts to be read side by side. */
  readonly texts?: readonly { readonly title: string; readonly text: string }[];
}

/** Renders an experiment as one HTML page that needs nothing else. */
export function renderExperiment(report: ExperimentReport): string {
  const { title, claim, command, table: results, figures, texts = [] } = report;
  const [head, ...rows] = results;
  const words = head.flatMap((_, i) =>
    rows.some((row) => typeof row[i] === "string" && !isAmount(row[i])) ? [i] : [],
  );
  return page(
    title,
    html`<h1>${title}</h1>
${commandLine(command)}
<p>The paper: ${claim}</p>
${figures.map(({ picture, caption }) => html`<figure>${shown(picture, caption)}<figcaption>${caption}</figcaption></figure>`)}
${table({ label: "What was measured", head: head.map(String), rows, words })}
${columns(texts)}`,
  );
}

/** A mask or a picture as it is, or a chart. */
function shown(picture: Chart | Uint8Array, caption: string): Html {
  if (!(picture instanceof Uint8Array)) return renderChart(picture, caption);
  return html`<div class="mask"><img src="${pngUri(picture)}" alt="${caption}"></div>`;
}

/** Returns true for a text that is a number with its unit. */
const isAmount = (text: string) => /^[-+±]?[\d.,]+ ?\S*$|^$/.test(text);

/** Texts beside each other. */
function columns(texts: NonNullable<ExperimentReport["texts"]>): Html {
  return html`<div class="texts">${texts.map(({ title, text }) => html`<section><h2>${title}</h2><pre>${text}</pre></section>`)}</div>`;
}
