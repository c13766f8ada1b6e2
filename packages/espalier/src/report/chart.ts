/// <reference lib="dom" />
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { lookOf } from "./colours.ts";
import { Html, html } from "./html.ts";

/** A chart that is drawn anew for each of the widths that it may have, with letters of one size. */
export interface Chart {
  /** What it shows, for those who do not see it. */
  readonly description: string;
  /** The widths to draw it for, in pixels; default: {@link WIDTHS}. */
  readonly widths?: readonly number[];
  /** Series that a legend names, at widths that have no room for them beside their lines. */
  readonly series?: { readonly names: readonly string[]; readonly roomFrom: number };
  /** Options of Observable Plot, which are checked where they are made; for why their type is not named see `Axis`. */
  draw(width: number): object;
}

/** Widths of a telephone, of a window beside another, and of the whole page. The style sheet chooses among them. */
export const WIDTHS = [340, 560, 900] as const;
/** The width of a chart that stands alone. */
export const WIDE = WIDTHS[2];

/** A chart in a page, in a layout for each width, of which one is seen. */
export function renderChart(chart: Chart, title: string): Html {
  const { widths = WIDTHS, series } = chart;
  const layouts = widths.map((width) => {
    const isNamed = !series || width >= series.roomFrom;
    return html`<div class="${widths.length === 1 ? "only" : `drawn-${width}`}">${drawn(chart, title, width)}${isNamed ? html`` : legend(series.names)}</div>`;
  });
  return html`<div class="chart">${layouts}</div>`;
}

/** A chart as SVG for one width, with a title and a description. */
export function drawn(chart: Chart, title: string, width: number): Html {
  const { document } = parseHTML("<html><body></body></html>");
  const svg = Plot.plot({
    document,
    style: { background: "none", fontSize: "12px" },
    width,
    ...chart.draw(width),
  });
  // Labels of groups without a role, which the title and the description take the place of.
  for (const group of Array.from(svg.querySelectorAll("[aria-label]"))) group.removeAttribute("aria-label");
  // Charts of one page have titles of their own; whatever is no white space may stand in an id.
  const id = `${title.replaceAll(/\s/g, "-")}-${width}`;
  svg.prepend(
    ...[
      { tag: "title", text: title },
      { tag: "desc", text: chart.description },
    ].map(({ tag, text }) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
      element.id = `${id}-${tag}`;
      element.textContent = text;
      return element;
    }),
  );
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-labelledby", `${id}-title`);
  svg.setAttribute("aria-describedby", `${id}-desc`);
  return new Html(svg.outerHTML);
}

function legend(names: readonly string[]): Html {
  return html`<ul class="legend">${names.map((name, i) => {
    const { colour, dash } = lookOf(i);
    return html`<li><svg viewBox="0 0 28 10" aria-hidden="true"><path d="M0 5H28" style="stroke:${colour};stroke-width:2.5;stroke-dasharray:${dash}"/></svg>${name}</li>`;
  })}</ul>`;
}
